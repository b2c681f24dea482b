//! What a PATCH says about one field.

/// Absent, null or set (contract §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Not mentioned: unchanged.
    #[default]
    Keep,
    /// Explicit null: cleared, or back to its default.
    Reset,
    /// A new value.
    Set(T),
}

impl<T> Patch<T> {
    /// Applies it to a field that has a default.
    pub fn apply_or(self, field: &mut T, default: T) {
        match self {
            Self::Keep => {}
            Self::Reset => *field = default,
            Self::Set(value) => *field = value,
        }
    }

    /// Applies it to a field that can be cleared.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Reset => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }

    /// Changes the value, when there is one.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Reset => Patch::Reset,
            Self::Set(value) => Patch::Set(change(value)),
        }
    }

    /// Whether a new value is given.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Set(_))
    }
}

impl<T> Patch<Option<T>> {
    /// A set value that means "clear" (`""` in some fields) becomes [`Patch::Reset`].
    pub fn flatten(self) -> Patch<T> {
        match self {
            Self::Set(Some(value)) => Patch::Set(value),
            Self::Set(None) | Self::Reset => Patch::Reset,
            Self::Keep => Patch::Keep,
        }
    }
}

/// As the store writes it: outer `None` keeps, inner `None` clears.
impl<T> From<Patch<T>> for Option<Option<T>> {
    fn from(patch: Patch<T>) -> Self {
        match patch {
            Patch::Keep => None,
            Patch::Reset => Some(None),
            Patch::Set(value) => Some(Some(value)),
        }
    }
}
