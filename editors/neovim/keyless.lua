-- Neovim 0.7 and newer, without plugins: put this file into ~/.config/nvim/plugin/.
local function attach(file)
  local config = { name = "keyless", cmd = { "keyless", "lsp" }, root_dir = vim.fn.getcwd() }
  if vim.fs and vim.fs.find then
    local git = vim.fs.find(".git", { path = vim.fn.fnamemodify(file, ":p:h"), upward = true })[1]
    config.root_dir = git and vim.fn.fnamemodify(git, ":h") or config.root_dir
  end
  if vim.lsp.start then
    vim.lsp.start(config)
  else
    vim.lsp.buf_attach_client(0, vim.lsp.start_client(config))
  end
end

vim.api.nvim_create_autocmd({ "BufReadPost", "BufNewFile" }, {
  pattern = { "*pipelines.yml", "*pipelines.yaml", "keyless.yaml", "*policy*.json", "*.tf" },
  callback = function(event) attach(event.file) end,
})
