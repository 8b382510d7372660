//! What `cdk.json` and `~/.cdk.json` say, as far as a run depends on it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// The CDK's own settings of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// The command that synthesizes the app, or the folder of an assembly.
    pub app: Option<String>,
    /// The folder of the assembly.
    pub output: Option<String>,
    /// Whether a command is run before every synthesis, also when the app is an assembly (aws-cdk 2.1148.1, `execProgram`).
    pub builds: bool,
    /// Whether the file says if notices are shown.
    pub decides_on_notices: bool,
    /// The file that loads plugins into the CDK, if one does.
    pub plugins: Option<PathBuf>,
}

impl Configuration {
    /// Reads the settings of the app in `folder`, and those of the user in `home`, over which the app's take precedence. A file
    /// that cannot be read is left to the CDK.
    pub(crate) fn read(folder: &Path, home: Option<&Path>) -> Self {
        let mut found = Self::default();
        for (file, settings) in files(folder, home).into_iter().map(|file| (file.clone(), read(&file))).rev() {
            let text = |name: &str| settings[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            found.app = text("app").or(found.app);
            found.output = text("output").or(found.output);
            found.builds |= text("build").is_some();
            found.decides_on_notices |= !settings["notices"].is_null();
            let plugins = match &settings["plugin"] {
                Value::Array(plugins) => !plugins.is_empty(),
                plugin => !plugin.is_null(),
            };
            found.plugins = plugins.then_some(file).or(found.plugins);
        }
        found
    }
}

/// The files with the CDK's settings, that of the app first.
pub(crate) fn files(folder: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let own = folder.join("cdk.json");
    std::iter::once(own).chain(home.map(|home| home.join(".cdk.json"))).collect()
}

fn read(file: &Path) -> Value {
    fs::read(file).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apps_settings_take_precedence() {
        let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let read = || Configuration::read(folder.path(), Some(home.path()));
        assert_eq!(read(), Configuration::default());
        fs::write(home.path().join(".cdk.json"), r#"{ "output": "a", "app": "x", "plugin": "p" }"#).unwrap();
        fs::write(folder.path().join("cdk.json"), r#"{ "output": "dist", "build": "make", "plugin": [] }"#).unwrap();
        assert_eq!(
            read(),
            Configuration {
                app: Some("x".to_owned()),
                output: Some("dist".to_owned()),
                builds: true,
                decides_on_notices: false,
                plugins: Some(home.path().join(".cdk.json")),
            }
        );
        fs::write(folder.path().join("cdk.json"), r#"{ "notices": false, "plugin": ["p"] }"#).unwrap();
        let (found, own) = (read(), folder.path().join("cdk.json"));
        assert_eq!((found.decides_on_notices, found.builds, found.plugins), (true, false, Some(own)));
    }
}
