//! The formats that a plan can be written in, listed once for the command line and the page.

use serde::Deserialize;

use super::{Plan, cdk, cloudformation, commands, terraform};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "SetupFormat"))]
pub enum Format {
    /// A template in YAML.
    Cloudformation,
    /// A template in JSON.
    CloudformationJson,
    /// An app in TypeScript.
    Cdk,
    /// A configuration.
    Terraform,
    /// A shell script of AWS CLI commands.
    Commands,
}

/// A row of the table.
struct Row {
    name: &'static str,
    description: &'static str,
    extension: &'static str,
    write: fn(&Plan) -> Result<String, WriteError>,
}

/// A template that could not be serialized.
#[derive(Debug, thiserror::Error)]
#[error("could not write the template: {0}")]
pub struct WriteError(String);

/// In the order of the variants of [`Format`].
static FORMATS: [Row; 5] = [
    Row {
        name: "cloudformation",
        description: "CloudFormation template in YAML",
        extension: "yaml",
        write: cloudformation::yaml,
    },
    Row {
        name: "cloudformation-json",
        description: "CloudFormation template in JSON",
        extension: "json",
        write: cloudformation::json,
    },
    Row { name: "cdk", description: "CDK app in TypeScript", extension: "ts", write: |plan| Ok(cdk::app(plan)) },
    Row {
        name: "terraform",
        description: "Terraform configuration",
        extension: "tf",
        write: |plan| Ok(terraform::configuration(plan)),
    },
    Row {
        name: "commands",
        description: "shell script of AWS CLI commands",
        extension: "sh",
        write: |plan| Ok(commands::script(plan)),
    },
];

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] =
        [Self::Cloudformation, Self::CloudformationJson, Self::Cdk, Self::Terraform, Self::Commands];

    fn row(self) -> &'static Row {
        &FORMATS[self as usize]
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What the file is, in a few words.
    pub fn description(self) -> &'static str {
        self.row().description
    }

    /// The extension of the file, without a dot.
    pub fn extension(self) -> &'static str {
        self.row().extension
    }

    /// Writes a plan.
    ///
    /// # Errors
    /// [`WriteError`] where a template cannot be serialized.
    pub fn write(self, plan: &Plan) -> Result<String, WriteError> {
        (self.row().write)(plan)
    }
}

impl From<serde_json::Error> for WriteError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_yaml::Error> for WriteError {
    fn from(error: serde_yaml::Error) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_row() {
        for format in Format::ALL {
            let read: Format = serde_json::from_value(format.name().into()).unwrap();
            assert_eq!(read, format);
        }
    }
}
