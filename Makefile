# Everything that a person does with this project. Each step is plain Go or a
# script of a page, so that none of it needs make.

.DEFAULT_GOAL := help
.PHONY: help run test lint generate bench

# Where scripts/need puts a browser for a user who may not install one.
export PATH := $(PATH):$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/instead/chromium/bin

help: ## Say what there is
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

run: ## Run all of it on this machine; options go in ARGS, as in ARGS="--help"
	@scripts/need postgresql
	@[ -x bin/standalone ] || echo "Building. The first time takes two minutes or so."
	@go build -o bin/standalone ./services/standalone
	@exec bin/standalone $(ARGS)

test: ## Check everything, as CI does: generated code, lint, and tests on real parts
	scripts/need postgresql chromium
	scripts/generate --check
	$(MAKE) --no-print-directory lint
	go test ./...

lint: ## Find mistakes and untidiness
	go tool -modfile=tools/go.mod golangci-lint run

generate: ## Make the generated code afresh
	scripts/generate

bench: ## Measure what must stay fast
	scripts/need postgresql
	go run ./bench $(ARGS)
