//! The OpenAPI document as tests walk it.

use serde_json::{Value, json};

/// One operation of the document.
pub struct Operation {
    pub method: String,
    pub path: String,
    pub id: String,
    pub spec: Value,
    document: Value,
}

/// Every operation there is.
pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(offhook_server::openapi::document()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, spec) in item.as_object().unwrap() {
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                id: spec["operationId"].as_str().unwrap_or_default().to_owned(),
                spec: spec.clone(),
                document: document.clone(),
            });
        }
    }
    all
}

impl Operation {
    pub fn is_public(&self) -> bool {
        self.spec["security"] == json!([{}])
    }

    /// Names of its path parameters, in order.
    pub fn path_parameters(&self) -> Vec<String> {
        self.path.split(['{', '}']).skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// A thing behind its reference.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let mut value = value;
        while let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            value =
                self.document.pointer(reference.trim_start_matches('#')).expect("references lead somewhere");
        }
        value
    }

    /// The request body's schema.
    pub fn body_schema(&self) -> Option<&Value> {
        let body = self.spec.get("requestBody").map(|body| self.resolve(body))?;
        body.pointer("/content/application~1json/schema").map(|schema| self.resolve(schema))
    }

    /// The request body's example; `{}` where there is no body.
    pub fn body_example(&self) -> Value {
        let Some(body) = self.spec.get("requestBody").map(|body| self.resolve(body)) else {
            return json!({});
        };
        self.example(&body["content"]["application/json"]).unwrap_or_else(|| json!({}))
    }

    /// The example of a content, or of its schema.
    pub fn example(&self, content: &Value) -> Option<Value> {
        let own = content.get("example").cloned();
        own.or_else(|| self.resolve(content.get("schema")?).get("example").cloned())
    }

    /// `?name=value` of the query parameters it cannot do without.
    pub fn query(&self) -> String {
        let parameters = self.spec["parameters"].as_array().cloned().unwrap_or_default();
        let mut pairs = Vec::new();
        for parameter in &parameters {
            let parameter = self.resolve(parameter);
            if parameter["in"] == "query" && parameter["required"] == true {
                let name = parameter["name"].as_str().unwrap();
                let example = parameter.get("example").or(parameter["schema"].get("example"));
                let example = example.unwrap_or_else(|| panic!("{}: {name} has no example", self.id));
                let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                pairs.push(format!("{name}={}", example.replace('+', "%2B")));
            }
        }
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    /// Whether a 200 of it is JSON.
    pub fn answers_json(&self) -> bool {
        self.spec["responses"].as_object().unwrap().iter().any(|(status, response)| {
            status.starts_with('2') && self.resolve(response)["content"].get("application/json").is_some()
        })
    }
}
