//! The language server: what an editor asks about open files, over its protocol.
//!
//! One thread answers requests in their order. Another one checks files while the editor goes on typing, and sends findings by
//! itself. Nothing is kept on disk, and a panic in one request or check ends no more than that.
//!
//! Source: <https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/>.

mod actions;
mod analyst;
mod assistance;
mod checker;
mod documents;
mod findings;
mod judge;
mod kind;
mod positions;
mod symbols;
pub(crate) mod transport;

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    convert::Infallible,
    fmt::Display,
    fs::File,
    io::Write,
    panic::{self, AssertUnwindSafe},
    rc::Rc,
    sync::{Mutex, mpsc},
    thread,
};

use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionOptions, CodeActionParams, CodeLensOptions, CodeLensParams,
    CompletionOptions, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentLinkOptions, DocumentLinkParams, DocumentSymbolParams, FoldingRangeParams, InlayHintParams,
    PositionEncodingKind, ReferenceParams, RenameOptions, RenameParams, Save, SaveOptions, ServerCapabilities,
    TextDocumentPositionParams, TextDocumentSyncKind, TextDocumentSyncOptions, Uri,
};
use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, RequestId, Response};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use self::{
    actions::Abilities,
    analyst::Analyst,
    assistance::Assistance,
    checker::Job,
    documents::{Document, Documents},
    kind::Kind,
    positions::Encoding,
};

/// How a session ended that did not end as it should.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The editor closed its end without a word.
    Vanished,
    /// The editor spoke something else.
    Protocol(ProtocolError),
}

/// Where requests and errors are noted, if anywhere; never the content of files.
#[derive(Debug)]
pub(crate) struct Log(Option<Mutex<File>>);

impl Log {
    /// Notes in a file, or nowhere.
    pub(crate) fn new(file: Option<File>) -> Self {
        Self(file.map(Mutex::new))
    }

    fn note(&self, line: &str) {
        if let Some(file) = &self.0
            && let Ok(mut file) = file.lock()
        {
            // a log that cannot be written is no reason to stop
            let _ = writeln!(file, "{line}");
        }
    }
}

/// Serves one editor until it ends the session.
///
/// # Errors
/// [`Ended`] if it did not.
pub(crate) fn serve(connection: &Connection, log: &Log) -> Result<(), Ended> {
    let (id, parameters) = connection.initialize_start().map_err(Ended::Protocol)?;
    let offered = parameters.pointer("/capabilities/general/positionEncodings").cloned().unwrap_or_default();
    let offered: Vec<PositionEncodingKind> = serde_json::from_value(offered).unwrap_or_default();
    let encoding = Encoding::choose(&offered);
    let resolved = parameters.pointer("/capabilities/textDocument/codeAction/resolveSupport/properties");
    let resolves_edits =
        resolved.and_then(Value::as_array).is_some_and(|names| names.iter().any(|name| name == "edit"));
    let takes_snippets = parameters.pointer("/capabilities/textDocument/completion/completionItem/snippetSupport");
    let takes_snippets = takes_snippets.and_then(Value::as_bool).unwrap_or_default();
    let abilities = Abilities { encoding, resolves_edits, takes_snippets };
    let answer = json!({
        "capabilities": capabilities(encoding),
        "serverInfo": { "name": "keyless", "version": env!("CARGO_PKG_VERSION") },
    });
    connection.initialize_finish(id, answer).map_err(Ended::Protocol)?;
    log.note(&format!("session: positions in {}", String::from(encoding.kind())));
    // without this the reader would wait with each message until the one before it is answered, a cancellation included
    let (intake, messages) = mpsc::channel();
    let receiver = connection.receiver.clone();
    thread::spawn(move || receiver.iter().try_for_each(|message| intake.send(message)));
    let (jobs, work) = mpsc::channel();
    let editor = connection.sender.clone();
    let publish = move |findings| {
        let found = Notification::new("textDocument/publishDiagnostics".to_owned(), findings);
        // nobody is left to be told when the editor is gone
        let _ = editor.send(found.into());
    };
    let checker = thread::spawn(move || checker::run(&work, |document| checker::shown(document, encoding), publish));
    let (documents, analysts) = (Documents::default(), RefCell::default());
    let mut session = Session { connection, messages, log, abilities, jobs, documents, analysts, is_over: false };
    let result = session.run();
    drop(session);
    // it ends with the last sender of jobs, and a panic in it was said already
    let _ = checker.join();
    result
}

/// What this server can do.
fn capabilities(encoding: Encoding) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::Incremental),
                save: Some(Save::SaveOptions(SaveOptions { include_text: Some(false) })),
                ..TextDocumentSyncOptions::default()
            }
            .into(),
        ),
        hover_provider: Some(true.into()),
        definition_provider: Some(true.into()),
        document_symbol_provider: Some(true.into()),
        references_provider: Some(true.into()),
        rename_provider: Some(RenameOptions { prepare_provider: Some(true), ..RenameOptions::default() }.into()),
        folding_range_provider: Some(true.into()),
        document_link_provider: Some(DocumentLinkOptions::default()),
        inlay_hint_provider: Some(true.into()),
        code_lens_provider: Some(CodeLensOptions::default()),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([" ", "*", "-", "$", "{", "[", "/"].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        code_action_provider: Some(
            CodeActionOptions {
                code_action_kinds: Some(vec![
                    CodeActionKind::QuickFix,
                    CodeActionKind::from(actions::FIX_ALL.to_owned()),
                ]),
                resolve_provider: Some(true),
                ..CodeActionOptions::default()
            }
            .into(),
        ),
        ..ServerCapabilities::default()
    }
}

struct Session<'c> {
    connection: &'c Connection,
    messages: mpsc::Receiver<Message>,
    log: &'c Log,
    abilities: Abilities,
    jobs: mpsc::Sender<Job>,
    documents: Documents,
    /// What has read the open pipelines, each in the version that was asked about last.
    analysts: RefCell<HashMap<Uri, Rc<Analyst>>>,
    /// Whether the editor has asked to end the session.
    is_over: bool,
}

impl Session<'_> {
    fn run(&mut self) -> Result<(), Ended> {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                let Ok(message) = self.messages.recv() else { break };
                waiting.push_back(message);
            }
            waiting.extend(self.messages.try_iter());
            self.cancel(&mut waiting);
            match waiting.pop_front() {
                Some(Message::Request(request)) => self.answer(request),
                Some(Message::Notification(notification)) if notification.method == "exit" => break,
                Some(Message::Notification(notification)) => {
                    let method = notification.method.clone();
                    let note = AssertUnwindSafe(|| self.note(notification));
                    if !matches!(panic::catch_unwind(note), Ok(Some(()))) {
                        self.log.note(&format!("{method}: not understood"));
                    }
                }
                Some(Message::Response(_)) | None => {}
            }
        }
        if self.is_over { Ok(()) } else { Err(Ended::Vanished) }
    }

    /// Takes back requests that were cancelled before they were answered.
    fn cancel(&self, waiting: &mut VecDeque<Message>) {
        let is_cancel = |message: &Message| match message {
            Message::Notification(notification) if notification.method == "$/cancelRequest" => {
                serde_json::from_value::<RequestId>(notification.params["id"].clone()).ok()
            }
            _ => None,
        };
        let cancelled: Vec<RequestId> = waiting.iter().filter_map(is_cancel).collect();
        for id in cancelled {
            let position =
                waiting.iter().position(|message| matches!(message, Message::Request(asked) if asked.id == id));
            if let Some(Message::Request(request)) = position.and_then(|position| waiting.remove(position)) {
                self.log.note(&format!("{}: cancelled", request.method));
                self.refuse(request.id, ErrorCode::RequestCanceled, "cancelled".to_owned());
            }
        }
    }

    fn answer(&mut self, request: Request) {
        let Request { id, method, params } = request;
        if self.is_over {
            return self.refuse(id, ErrorCode::InvalidRequest, "the session is over".to_owned());
        }
        self.log.note(&method);
        match guarded(|| self.result(&method, params)) {
            Answer::Result(value) => self.send(Response::new_ok(id, value)),
            Answer::Refused(reason) => self.refuse(id, ErrorCode::RequestFailed, reason),
            Answer::Unreadable(error) => self.refuse(id, ErrorCode::InvalidParams, error.to_string()),
            Answer::Unknown => {
                self.refuse(id, ErrorCode::MethodNotFound, format!("unknown request `{method}`"));
            }
            Answer::Crashed => {
                // what the panic left behind may be half read
                self.analysts.borrow_mut().clear();
                self.log.note(&format!("{method}: crashed"));
                let message = format!("`{method}` crashed; report what standard error says as a bug");
                self.refuse(id, ErrorCode::InternalError, message);
            }
        }
    }

    fn result(&mut self, method: &str, parameters: Value) -> Answer {
        match method {
            "shutdown" => {
                self.is_over = true;
                Answer::Result(Value::Null)
            }
            "textDocument/hover" => answer(parameters, |asked: TextDocumentPositionParams| {
                self.pipeline(&asked.text_document.uri).and_then(|file| file.hover(asked.position))
            }),
            "textDocument/completion" => answer(parameters, |asked: TextDocumentPositionParams| {
                self.pipeline(&asked.text_document.uri).map(|file| file.completion(asked.position))
            }),
            "textDocument/definition" => answer(parameters, |asked: TextDocumentPositionParams| {
                self.pipeline(&asked.text_document.uri).map(|file| file.definition(asked.position))
            }),
            "textDocument/references" => answer(parameters, |asked: ReferenceParams| {
                let TextDocumentPositionParams { text_document, position } = asked.text_document_position_params;
                let with_definition = asked.context.include_declaration;
                self.pipeline(&text_document.uri).map(|file| file.references(position, with_definition))
            }),
            "textDocument/prepareRename" => answer(parameters, |asked: TextDocumentPositionParams| {
                self.pipeline(&asked.text_document.uri).and_then(|file| file.renamable(asked.position).ok())
            }),
            "textDocument/rename" => refuse_or_answer(parameters, |asked: RenameParams| {
                let TextDocumentPositionParams { text_document, position } = asked.text_document_position_params;
                self.pipeline(&text_document.uri).map(|file| file.rename(position, asked.new_name)).transpose()
            }),
            "textDocument/foldingRange" => answer(parameters, |asked: FoldingRangeParams| {
                self.pipeline(&asked.text_document.uri).map(|file| file.folds())
            }),
            "textDocument/documentLink" => answer(parameters, |asked: DocumentLinkParams| {
                self.pipeline(&asked.text_document.uri).map(|file| file.links())
            }),
            "textDocument/inlayHint" => answer(parameters, |asked: InlayHintParams| {
                self.pipeline(&asked.text_document.uri).map(|file| file.hints(asked.range))
            }),
            "textDocument/codeLens" => answer(parameters, |asked: CodeLensParams| {
                self.pipeline(&asked.text_document.uri).map(|file| file.lenses())
            }),
            "textDocument/documentSymbol" => answer(parameters, |asked: DocumentSymbolParams| {
                self.pipeline(&asked.text_document.uri).map(|file| file.symbols())
            }),
            "textDocument/codeAction" => answer(parameters, |asked: CodeActionParams| {
                let document = self.documents.get(&asked.text_document.uri)?;
                Some(actions::at(document, &asked, self.abilities))
            }),
            // of this server alone, for commands of editors
            "keyless/mergedStep" => answer(parameters, |asked: TextDocumentPositionParams| {
                let step = self.pipeline(&asked.text_document.uri)?.merged_step(asked.position)?;
                Some(json!({ "name": step.name, "text": step.text }))
            }),
            "codeAction/resolve" => answer(parameters, |action: CodeAction| {
                let document = actions::file_of(&action).and_then(|uri| self.documents.get(&uri));
                actions::resolve(document, action, self.abilities.encoding)
            }),
            _ => Answer::Unknown,
        }
    }

    /// `None` for a file that is not open, or no pipeline.
    fn pipeline(&self, uri: &Uri) -> Option<Assistance<'_>> {
        let document = self.documents.get(uri)?;
        document.kind().filter(|kind| *kind == Kind::Pipeline)?;
        let mut analysts = self.analysts.borrow_mut();
        if let Some(known) = analysts.get(uri).filter(|analyst| analyst.knows(document)) {
            return Some(Assistance::new(document, Rc::clone(known), self.abilities));
        }
        let settings = judge::settings(document).ok().flatten().unwrap_or_default();
        let analyst = Rc::new(Analyst::new(document, settings));
        analysts.insert(uri.clone(), Rc::clone(&analyst));
        Some(Assistance::new(document, analyst, self.abilities))
    }

    /// Takes note of what the editor says; `None` if it makes no sense.
    fn note(&mut self, notification: Notification) -> Option<()> {
        let Notification { method, params } = notification;
        match method.as_str() {
            "textDocument/didOpen" => {
                let opened = serde_json::from_value::<DidOpenTextDocumentParams>(params).ok()?.text_document;
                let document = self.documents.open(Document::new(opened.uri, opened.version, opened.text));
                self.jobs.send(Job::Check(document.clone())).ok()
            }
            "textDocument/didChange" => {
                let changed = serde_json::from_value::<DidChangeTextDocumentParams>(params).ok()?;
                let (uri, version) =
                    (&changed.text_document.text_document_identifier.uri, changed.text_document.version);
                let document = self.documents.change(uri, version, changed.content_changes, self.abilities.encoding)?;
                self.jobs.send(Job::Check(document.clone())).ok()
            }
            "textDocument/didClose" => {
                let closed = serde_json::from_value::<DidCloseTextDocumentParams>(params).ok()?;
                self.documents.close(&closed.text_document.uri);
                self.analysts.borrow_mut().remove(&closed.text_document.uri);
                self.jobs.send(Job::Close(closed.text_document.uri)).ok()
            }
            // `keyless.yaml`, a trust policy that it names or an imported file may be another one now
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.analysts.borrow_mut().clear();
                self.documents.all().try_for_each(|document| self.jobs.send(Job::Check(document.clone())).ok())
            }
            // `$/…` may be ignored, and the rest needs no reaction
            _ => Some(()),
        }
    }

    fn refuse(&self, id: RequestId, code: ErrorCode, message: String) {
        self.send(Response::new_err(id, code as i32, message));
    }

    fn send(&self, response: Response) {
        // when the editor is gone, the next message says so
        let _ = self.connection.sender.send(response.into());
    }
}

/// What becomes of a request.
enum Answer {
    /// Its result.
    Result(Value),
    /// It makes sense, but cannot be done.
    Refused(String),
    /// Its parameters have another form.
    Unreadable(serde_json::Error),
    /// It is not one of the requests that are answered.
    Unknown,
    /// The server panicked over it.
    Crashed,
}

/// Answers a request; a panic ends nothing but that.
fn guarded(result: impl FnOnce() -> Answer) -> Answer {
    panic::catch_unwind(AssertUnwindSafe(result)).unwrap_or(Answer::Crashed)
}

/// Reads the parameters of a request, and answers it.
fn answer<P: DeserializeOwned, R: Serialize>(parameters: Value, result: impl FnOnce(P) -> R) -> Answer {
    refuse_or_answer(parameters, |parameters| Ok::<R, Infallible>(result(parameters)))
}

/// The same for a request that may be refused.
fn refuse_or_answer<P: DeserializeOwned, R: Serialize, E: Display>(
    parameters: Value,
    result: impl FnOnce(P) -> Result<R, E>,
) -> Answer {
    let parameters = match serde_json::from_value(parameters) {
        Ok(parameters) => parameters,
        Err(error) => return Answer::Unreadable(error),
    };
    match result(parameters).map(serde_json::to_value) {
        Ok(Ok(value)) => Answer::Result(value),
        Ok(Err(error)) => Answer::Unreadable(error),
        Err(reason) => Answer::Refused(reason.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_panics_is_answered_and_nothing_else_ends() {
        let file = RefCell::new(vec![1]);
        let panicking = guarded(|| {
            let number = file.borrow_mut().pop();
            assert_eq!(number, None, "a request that panics on purpose");
            Answer::Unknown
        });
        assert!(matches!(panicking, Answer::Crashed));
        assert!(matches!(guarded(|| Answer::Result(json!(file.borrow().len()))), Answer::Result(value) if value == 0));
    }
}
