//! The OIDC token of a Bitbucket step: what it claims, and whether that fits the step.
//!
//! Nothing here verifies a signature: AWS does. Reading the claims first tells a person what AWS will see.

mod check;
mod claims;
mod token;

pub use check::{Expectations, Mismatch, check};
pub use claims::{Audience, Claims, Subject};
pub use token::{StepToken, TokenError, VARIABLE};
