//! Names that AWS gives its things: partitions, regions, accounts and roles. Checked by shape and by table, without a call.

pub mod account;
pub mod partition;
pub mod region;
pub mod role;
pub mod session_name;

pub use account::AccountId;
pub use partition::Partition;
pub use region::{Region, RegionError};
pub use role::RoleArn;
pub use session_name::SessionName;
