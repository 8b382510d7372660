-- Drives `keyless lsp` with Neovim's own client: findings, a fix, completion, a definition. The file is open already, and
-- the configuration in editors/neovim has started the server.
local function check(what, condition)
  if not condition then
    io.stderr:write("failed: " .. what .. "\n")
    vim.cmd("cquit 1")
  end
end

local function run()
  local buffer = vim.api.nvim_get_current_buf()
  local function clients()
    return (vim.lsp.get_clients or vim.lsp.get_active_clients)()
  end
  check("the server starts", vim.wait(20000, function() return #clients() == 1 end, 50))
  check("it is keyless", clients()[1].name == "keyless")
  local client = clients()[1].id
  local function codes()
    local found = {}
    for _, finding in ipairs(vim.diagnostic.get(buffer)) do
      found[finding.code or finding.user_data.lsp.code] = finding
    end
    return found
  end
  check("findings appear", vim.wait(20000, function() return codes()["misspelled-oidc"] ~= nil end, 50))
  local finding = codes()["misspelled-oidc"]
  check("the finding is at its place", finding.lnum == 7 and finding.col == 10)

  local document = { uri = vim.uri_from_bufnr(buffer) }
  local function ask(method, parameters)
    local answers = vim.lsp.buf_request_sync(buffer, method, parameters, 20000)
    for _, answer in pairs(answers or {}) do
      return answer.result
    end
  end
  local function at(line, character)
    return { textDocument = document, position = { line = line, character = character } }
  end
  local labels = {}
  for _, item in ipairs(ask("textDocument/completion", at(7, 12))) do
    labels[item.label] = true
  end
  check("completion answers", labels["oidc"] and labels["max-time"])
  local targets = ask("textDocument/definition", at(12, 16))
  check("the definition of the alias is its anchor", targets[1].range.start.line == 4)

  local range = { start = { line = 7, character = 10 }, ["end"] = { line = 7, character = 14 } }
  local context = { diagnostics = {}, only = { "quickfix" } }
  local actions = ask("textDocument/codeAction", { textDocument = document, range = range, context = context })
  check("a fix is offered", actions[1].title == "change it to `oidc`")
  vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
  check("the fix edits the buffer", vim.api.nvim_buf_get_lines(buffer, 7, 8, true)[1] == "          oidc: true")
  check("the finding disappears", vim.wait(20000, function() return codes()["misspelled-oidc"] == nil end, 50))
  check("the other finding stays", codes()["piped-download"] ~= nil)
  vim.lsp.stop_client(client)
  check("the server ends", vim.wait(20000, function() return vim.lsp.get_client_by_id(client) == nil end, 50))
end

local fine, problem = pcall(run)
check(tostring(problem), fine)
io.stdout:write("all steps passed\n")
vim.cmd("qall!")
