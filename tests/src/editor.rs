//! An editor's side of `keyless lsp`: messages in, messages out.

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::checkout;

/// How long an answer may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// A running language server.
#[derive(Debug)]
pub struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// Messages that came while another one was waited for.
    set_aside: VecDeque<Value>,
    last_id: i32,
}

impl Editor {
    /// Starts a server and introduces itself; `capabilities` are the editor's.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(capabilities: &Value) -> Self {
        Self::start_silently().introduced(capabilities)
    }

    /// The same with the server of another program.
    ///
    /// # Panics
    /// When it does not start.
    pub fn with_server(keyless: &Path) -> Self {
        Self::started(keyless).introduced(&json!({}))
    }

    fn introduced(self, capabilities: &Value) -> Self {
        let mut editor = self;
        let answer =
            editor.ask("initialize", &json!({ "processId": null, "rootUri": null, "capabilities": capabilities }));
        assert!(answer["result"]["capabilities"].is_object(), "{answer}");
        editor.tell("initialized", &json!({}));
        editor
    }

    /// Starts a server.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_silently() -> Self {
        Self::started(&checkout::binary("keyless"))
    }

    fn started(keyless: &Path) -> Self {
        let mut child = Command::new(keyless)
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut output = BufReader::new(child.stdout.take().expect("the output is a pipe"));
        let (sender, messages) = channel();
        thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, messages, set_aside: VecDeque::new(), last_id: 0 }
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        // a server that has gone is noticed by what waits for its answer
        let _ = self.input.as_mut().map(|input| input.write_all(bytes).and_then(|()| input.flush()));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.write(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    /// Sends a notification.
    pub fn tell(&mut self, method: &str, parameters: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    }

    /// Sends a request, and returns its id.
    pub fn request(&mut self, method: &str, parameters: &Value) -> i32 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        id
    }

    /// Sends a request, and returns the answer to it.
    pub fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        let id = self.request(method, parameters);
        self.answer(id)
    }

    /// The answer to a request.
    pub fn answer(&mut self, id: i32) -> Value {
        self.wait(|message| message["id"] == id && message.get("method").is_none())
    }

    /// The next findings of a version of a file.
    pub fn findings(&mut self, uri: &str, version: i32) -> Vec<Value> {
        let is_wanted = |message: &Value| {
            let found = &message["params"];
            message["method"] == "textDocument/publishDiagnostics" && found["uri"] == uri && found["version"] == version
        };
        let message = self.wait(is_wanted);
        message["params"]["diagnostics"].as_array().cloned().unwrap_or_default()
    }

    /// The next message of a kind; others stay.
    ///
    /// # Panics
    /// When none comes in a minute.
    pub fn wait(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.set_aside.iter().position(&is_wanted) {
            return self.set_aside.remove(at).unwrap_or_default();
        }
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(message) if is_wanted(&message) => return message,
                Ok(message) => self.set_aside.push_back(message),
                Err(error) => panic!("the message did not come ({error}); instead: {:#?}", self.set_aside),
            }
        }
    }

    /// Drops messages that nobody waited for.
    pub fn forget(&mut self) {
        self.set_aside.clear();
    }

    /// Opens a file.
    pub fn open(&mut self, uri: &str, version: i32, text: &str) {
        let document = json!({ "uri": uri, "languageId": "yaml", "version": version, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    /// Makes changes in a file.
    pub fn change(&mut self, uri: &str, version: i32, changes: &[Value]) {
        let document = json!({ "uri": uri, "version": version });
        self.tell("textDocument/didChange", &json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// The memory that the server holds, in bytes.
    ///
    /// # Panics
    /// When it does not run.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a size in kB") * 1024
    }

    /// Ends the session as an editor does.
    pub fn end(mut self) -> ExitStatus {
        let answer = self.ask("shutdown", &Value::Null);
        assert!(answer["result"].is_null(), "{answer}");
        self.tell("exit", &Value::Null);
        self.ended().0
    }

    /// Closes the server's input, and returns how it ended and what it said on standard error.
    pub fn ended(&mut self) -> (ExitStatus, String) {
        self.input = None;
        let mut said = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            let _ = errors.read_to_string(&mut said);
        }
        (self.child.wait().expect("a child can be waited for"), said)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address of a file.
pub fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", count)) => length = count.parse().ok(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length?];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
