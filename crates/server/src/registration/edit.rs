//! Changing a registration.

use offhook_model::{
    id::AccountId,
    registration::{Registration, RegistrationForm},
};
use offhook_store::EditRegistration;

use super::{image, missing};
use crate::{
    app::App,
    error::{ApiError, Fault},
};

/// Applies `change` to the account's registration; `image` is the new picture's
/// address, when it changes.
///
/// # Errors
/// 404 without a registration, 409 for an approved one, 422 when the form
/// would lack something or the picture cannot be used.
pub async fn edit<F>(
    app: &App,
    account: &AccountId,
    image: Option<String>,
    change: F,
) -> Result<Registration, ApiError>
where
    F: Fn(&mut RegistrationForm) + Send + Sync + 'static,
{
    // Nothing is fetched for a registration that cannot be changed.
    let found = app.store().registration(account).await?.ok_or_else(missing)?;
    if found.approved_since(app.now()).is_some() {
        return Err(approved());
    }
    let seen = match image {
        Some(url) if url != found.form.opt_in_image_url => Some(image::look(app, &url).await?),
        _ => None,
    };
    let apply = move |mut registration: Registration| {
        change(&mut registration.form);
        registration.image_seen = seen.unwrap_or(registration.image_seen);
        let lacking = registration.form.lacking();
        if lacking.is_empty() { Ok(registration) } else { Err(lacking) }
    };
    match app.store().edit_registration(account, app.now(), apply).await? {
        EditRegistration::Missing => Err(missing()),
        EditRegistration::Approved => Err(approved()),
        EditRegistration::Refused(lacking) => Err(ApiError::validation(
            lacking
                .into_iter()
                .map(|name| Fault::new(vec!["body".into(), name.into()], "missing", "Field required"))
                .collect(),
        )),
        EditRegistration::Edited(registration) => Ok(*registration),
    }
}

fn approved() -> ApiError {
    ApiError::conflict("The registration is approved and can no longer be changed")
}
