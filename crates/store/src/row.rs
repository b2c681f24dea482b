//! Rows, read with typed errors: a damaged row is an error, never a panic.

use std::sync::Arc;

use offhook_model::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row as _;

use crate::{
    StoreError,
    vault::{Place, SharedVault, Vault},
};

/// One row of either database.
pub(crate) struct Row {
    cells: Cells,
    vault: SharedVault,
}

/// What it holds.
pub(crate) enum Cells {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

macro_rules! column {
    ($row:expr, $type:ty, $column:expr) => {
        match &$row.cells {
            Cells::Sqlite(row) => row.try_get::<$type, _>($column),
            Cells::Postgres(row) => row.try_get::<$type, _>($column),
        }
        .map_err(|error| StoreError::corrupt(format!("column {}: {error}", $column)))
    };
}

impl Row {
    pub(crate) fn new(cells: Cells, vault: &SharedVault) -> Self {
        Self { cells, vault: Arc::clone(vault) }
    }

    /// What opens the secrets of this row.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// A secret, opened. It must have been sealed for this place.
    pub(crate) fn sealed(&self, column: &str, place: &Place<'_>) -> Result<String, StoreError> {
        self.vault.open(place, &self.text(column)?)
    }

    /// A secret that may be missing.
    pub(crate) fn opt_sealed(&self, column: &str, place: &Place<'_>) -> Result<Option<String>, StoreError> {
        self.opt_text(column)?.map(|text| self.vault.open(place, &text)).transpose()
    }

    pub(crate) fn opt_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        column!(self, Option<String>, column)
    }

    pub(crate) fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        column!(self, Option<i64>, column)
    }

    pub(crate) fn opt_real(&self, column: &str) -> Result<Option<f64>, StoreError> {
        column!(self, Option<f64>, column)
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        column!(self, Option<bool>, column)?.ok_or_else(|| null(column))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.opt_text(column)?.ok_or_else(|| null(column))
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| null(column))
    }

    /// A whole number of a narrower type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        T::try_from(self.int(column)?)
            .map_err(|_| StoreError::corrupt(format!("column {column}: out of range")))
    }

    pub(crate) fn opt_number<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.opt_int(column)?.map(|_| self.number(column)).transpose()
    }

    pub(crate) fn id<T: From<String>>(&self, column: &str) -> Result<T, StoreError> {
        self.text(column).map(T::from)
    }

    pub(crate) fn opt_id<T: From<String>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        Ok(self.opt_text(column)?.map(T::from))
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(self.int(column)?)
            .map_err(|error| StoreError::corrupt(format!("column {column}: {error}")))
    }

    pub(crate) fn opt_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        self.opt_int(column)?.map(|_| self.time(column)).transpose()
    }

    /// A word of one of the model's enumerations.
    pub(crate) fn word<T>(&self, column: &str, read: fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let word = self.text(column)?;
        read(&word).ok_or_else(|| StoreError::corrupt(format!("column {column}: unknown word")))
    }

    /// Text in a stricter form, such as an E.164 number.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, column: &str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|_| StoreError::corrupt(format!("column {column}: malformed")))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        from_json(&self.text(column)?, column)
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.opt_text(column)?.map(|text| from_json(&text, column)).transpose()
    }
}

fn null(column: &str) -> StoreError {
    StoreError::corrupt(format!("column {column}: unexpected null"))
}

fn from_json<T: DeserializeOwned>(text: &str, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(format!("column {column}: {error}")))
}

/// Writes a value as a JSON column.
pub(crate) fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::corrupt(format!("not expressible as JSON: {error}")))
}
