# Two commands matter: `make demo` sets up and runs the main job, `make test` sets up and passes the tests.
.DEFAULT_GOAL := help
.PHONY: help demo test test-kernels test-inspector test-notebooks check bench eval setup trees docs vectors clean vscode test-editors

help: ## show this text
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: ## set up whatever is missing and answer a question from the live kernel
	@scripts/setup run
	@scripts/demo

test: ## set up whatever is missing and run the tests (those of the kernel too, as root)
	@scripts/setup test
	@scripts/test $(PYTEST_ARGS)

test-kernels: ## test on other versions of bpftrace and on virtual machines with other kernels (root, some ten minutes)
	@scripts/setup test
	@tests/kernels/make-trees
	@tests/kernels/make-vms
	@GPTTRACE_REQUIRE_KERNEL=1 tests/kernels/run
	@GPTTRACE_REQUIRE_KERNEL=1 .venv/bin/python -m pytest -m versions tests/check

test-inspector: ## try the MCP server with the protocol's own inspector (npm; fetches it into a temporary folder)
	@scripts/setup test
	@.venv/bin/python -m pytest -m tools tests/mcp/test_inspector.py $(PYTEST_ARGS)

test-notebooks: ## press the buttons of JupyterLab and Notebook 7 in a real Chromium, and run papermill (pip fetches them)
	@scripts/setup test
	@.venv/bin/python -m pytest -m tools tests/jupyter/browser $(PYTEST_ARGS)

vscode: ## build the extension for VS Code into dist/ (npm; its packages stay in lsp/vscode/node_modules)
	@lsp/vscode/build

test-editors: ## test the extension for VS Code, and what real editors make of the language server (npm)
	@scripts/setup test
	@tests/editors/fetch debian >/dev/null
	@.venv/bin/python -m pytest -m "tools or not tools" tests/vscode tests/editors $(PYTEST_ARGS)

check: ## lint, types, import contract
	@scripts/setup test
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: ## print how far each target of the design is
	@scripts/setup test
	@.venv/bin/python -m bench

eval: ## ask the held-out questions and count right, wrong and refused answers
	@scripts/setup test
	@.venv/bin/gpttrace eval

vectors: ## make the vectors of our own examples and events anew, after they were changed
	@scripts/setup test
	.venv/bin/python -m gpttrace.index.vectors

trees: ## make the bpftrace trees of other Debian releases (root, outside the repository)
	@scripts/setup test
	@tests/kernels/make-trees

docs: ## print docs/findings.md from the table of codes
	@.venv/bin/python -m gpttrace.check.codes > docs/findings.md.new && mv docs/findings.md.new docs/findings.md

clean: ## remove what the other commands made in this folder
	rm -rf .venv build dist lsp/vscode/dist lsp/vscode/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
