//! All SQL, migrations and blobs.
