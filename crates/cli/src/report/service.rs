//! `--report`: the findings as a Code Insights report in Bitbucket. A report that cannot be sent is a warning: the findings alone
//! decide how a build ends.

#[cfg(feature = "cloud")]
pub(crate) use with_cloud::{Service, service};
#[cfg(not(feature = "cloud"))]
pub(crate) use without_cloud::{Service, service};

#[cfg(feature = "cloud")]
mod with_cloud {
    use std::io::{self, Write};

    use keyless_aws::Environment;
    use keyless_bitbucket::{
        Build, Step,
        insights::{self, InsightsError, PROXY, PROXY_OF_A_PIPE},
    };
    use keyless_core::pipes::keyless::report_proxy;
    use serde_json::json;
    use tokio::runtime::Builder;

    use crate::{
        fingerprint,
        report::{Report, code_insights},
        streams::Streams,
    };

    /// A service that shows reports: Bitbucket.
    #[derive(Clone, Debug)]
    pub(crate) struct Service {
        /// The proxy to send the report through, as `HOST:PORT`, unless it is Bitbucket's own.
        proxy: Option<String>,
    }

    /// Reads `bitbucket` or `bitbucket=http://HOST:PORT`.
    pub(crate) fn service(text: &str) -> Result<Service, &'static str> {
        match text.split_once('=') {
            None if text == "bitbucket" => Ok(Service { proxy: None }),
            Some(("bitbucket", proxy)) => {
                let proxy = report_proxy(proxy).ok_or("the proxy must be of the form http://HOST:PORT")?;
                Ok(Service { proxy: Some(proxy.to_owned()) })
            }
            _ => Err("the only service is `bitbucket`"),
        }
    }

    impl Service {
        /// Sends a report, and says on standard error what became of it.
        pub(crate) fn send(&self, report: &Report, streams: &mut Streams<'_>) -> io::Result<()> {
            // below what the output holds already
            streams.output.flush()?;
            let environment = Environment::of_process();
            let step = Step::new(&environment);
            let sent = match step.build() {
                None => Err("this is not a step of Bitbucket Pipelines: BITBUCKET_WORKSPACE, BITBUCKET_REPO_SLUG, \
                             BITBUCKET_COMMIT and BITBUCKET_BUILD_NUMBER are not all set"
                    .to_owned()),
                Some(build) => {
                    let proxies = self.proxies(step.is_in_a_pipe());
                    let report = prepared(report, &build)?;
                    let posted =
                        Builder::new_current_thread().enable_all().build()?.block_on(post(&report, &build, &proxies));
                    posted.map(|()| build.commit.to_owned()).map_err(|error| error.to_string())
                }
            };
            // nobody is left to be told when standard error is closed
            let _ = match sent {
                Ok(commit) => writeln!(streams.errors, "note: reported to Bitbucket on commit {commit}"),
                Err(why) => writeln!(streams.errors, "warning: cannot report to Bitbucket: {why}"),
            };
            Ok(())
        }

        /// The addresses to try. A container that a script of the step starts reaches the proxy as a pipe does.
        fn proxies(&self, in_a_pipe: bool) -> Vec<&str> {
            match &self.proxy {
                Some(proxy) => vec![proxy],
                None if in_a_pipe => vec![PROXY_OF_A_PIPE],
                None => vec![PROXY, PROXY_OF_A_PIPE],
            }
        }
    }

    /// Posts a report through the first proxy that there is. The error is that of the first.
    async fn post(report: &insights::Report, build: &Build<'_>, proxies: &[&str]) -> Result<(), InsightsError> {
        let mut first = None;
        for proxy in proxies {
            match report.post(build, proxy).await {
                Err(error @ InsightsError::Proxy(..)) => first = first.or(Some(error)),
                done => return done,
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// The report of these files. One of other files on the same commit has another id; one of the same files is replaced.
    fn prepared(report: &Report, build: &Build<'_>) -> io::Result<insights::Report> {
        let names = report.files.iter().map(|file| &*file.name);
        let (mut body, annotations) = code_insights::values(report)?;
        body["link"] = json!(build.link());
        Ok(insights::Report { id: format!("keyless-{}", fingerprint::of_names(names)), body, annotations })
    }
}

/// A build without `cloud` has no client.
#[cfg(not(feature = "cloud"))]
mod without_cloud {
    /// No service.
    #[derive(Clone, Debug)]
    pub(crate) enum Service {}

    /// Says why there is none.
    pub(crate) fn service(_: &str) -> Result<Service, &'static str> {
        Err(
            "this keyless was installed without cloud support, as pip and pre-commit install it; run `cargo install --locked --path \
             crates/cli` in a checkout of keyless",
        )
    }

    impl Service {
        /// Never called.
        pub(crate) fn send(
            &self,
            _: &crate::report::Report,
            _: &mut crate::streams::Streams<'_>,
        ) -> std::io::Result<()> {
            match *self {}
        }
    }
}
