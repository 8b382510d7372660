//! A small client of the emulator's APIs, to set things up and to read results back. It does not sign requests: the
//! emulator only checks the access key.

use std::fmt;

use roxmltree::Document;
use serde_json::Value;
use ureq::Agent;

use crate::cloud::REGION;

/// A client of one emulator.
#[derive(Clone, Debug)]
pub struct Api {
    url: String,
    agent: Agent,
}

/// An error response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// AWS's code.
    pub code: String,
    /// AWS's message.
    pub message: String,
}

impl Api {
    /// A client of the emulator at `url`.
    pub fn new(url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).build();
        Self { url: url.to_owned(), agent: config.into() }
    }

    fn authorization(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=test/20200101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
        )
    }

    /// Calls an action of the query protocol (IAM, STS, CloudFormation) and returns its XML.
    ///
    /// # Errors
    /// The service's error.
    ///
    /// # Panics
    /// When the emulator does not answer.
    pub fn query(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Result<String, ApiError> {
        let version = if service == "iam" { "2010-05-08" } else { "2011-06-15" };
        let form = [("Action", action), ("Version", version)].into_iter().chain(parameters.iter().copied());
        let mut answer = self
            .agent
            .post(&self.url)
            .header("Authorization", Self::authorization(service))
            .send_form(form)
            .expect("the emulator answers");
        let (status, body) = (answer.status().as_u16(), answer.body_mut().read_to_string().expect("XML is text"));
        if status < 300 { Ok(body) } else { Err(ApiError::from_xml(status, &body)) }
    }

    /// Calls an action of the JSON protocol, such as `AmazonSSM.GetParameter`.
    ///
    /// # Errors
    /// The service's error.
    ///
    /// # Panics
    /// When the emulator does not answer.
    pub fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value, ApiError> {
        let mut answer = self
            .agent
            .post(&self.url)
            .header("Authorization", Self::authorization(service))
            .header("X-Amz-Target", target)
            .header("Content-Type", "application/x-amz-json-1.1")
            .send(body.to_string())
            .expect("the emulator answers");
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_str(&answer.body_mut().read_to_string().expect("JSON is text"))
            .expect("the JSON protocol answers JSON");
        if status < 300 {
            return Ok(body);
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Err(ApiError { status, code: text("__type"), message: text("message") })
    }

    /// The value of an SSM parameter.
    ///
    /// # Errors
    /// The service's error, such as `ParameterNotFound`.
    pub fn parameter(&self, name: &str) -> Result<String, ApiError> {
        let answer = self.json("ssm", "AmazonSSM.GetParameter", &serde_json::json!({ "Name": name }))?;
        Ok(answer["Parameter"]["Value"].as_str().unwrap_or_default().to_owned())
    }
}

impl ApiError {
    /// Reads an error of the query protocol.
    pub fn from_xml(status: u16, body: &str) -> Self {
        let code = text(body, "Code").unwrap_or_default();
        Self { status, code, message: text(body, "Message").unwrap_or_default() }
    }
}

/// The text of the first element with a name.
pub fn text(xml: &str, name: &str) -> Option<String> {
    texts(xml, name).into_iter().next()
}

/// The text of every element with a name.
pub fn texts(xml: &str, name: &str) -> Vec<String> {
    let Ok(document) = Document::parse(xml) else { return Vec::new() };
    let named = document.descendants().filter(|node| node.tag_name().name() == name);
    named.filter_map(|node| node.text().map(str::to_owned)).collect()
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.message)
    }
}

impl std::error::Error for ApiError {}
