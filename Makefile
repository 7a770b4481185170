# Everything that a person does with this project. Each step is plain Go or a
# script of a page, so that none of it needs make.

.DEFAULT_GOAL := help
.PHONY: help run test lint check generate bench crash

# Where scripts/need puts a browser for a user who may not install one.
export PATH := $(PATH):$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/instead/chromium/bin

# Nothing here needs a C compiler, and images have nothing that C needs. So it is
# all built one way.
export CGO_ENABLED := 0

help: ## Say what there is
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

# To try it one waits for the build more than for the program, so this one is
# built fast instead of fast to run. Images are built as usual.
run: ## Run all of it on this machine; options go in ARGS, as in ARGS="--help"
	@scripts/need postgresql
	@[ -x bin/standalone ] || echo "Building. The first time takes two minutes or so."
	@GOGC=800 go build -gcflags='all=-N -l -dwarf=false' -ldflags='-s -w' -o bin/standalone ./services/standalone
	@exec bin/standalone $(ARGS)

test: ## Run every test, on real parts and in a real browser, as CI does
	scripts/need postgresql pgbouncer chromium
	scripts/generate --check
	go test -timeout=30m ./...
	cd charts && go test -timeout=30m ./...

lint: ## Find mistakes and untidiness
	go tool -modfile=tools/go.mod golangci-lint run

check: lint test ## Both, before a commit. The linters take some minutes to build the first time

generate: ## Make the generated code afresh
	scripts/generate

bench: ## Measure what must stay fast
	scripts/need postgresql
	go run ./bench $(ARGS)

crash: ## Kill all of it 200 times under load, and see that the books balance; options go in ARGS, as in ARGS="-kills=50 -seed=7"
	scripts/need postgresql
	go test ./services/standalone/internal/crash -count=1 -timeout=2h -v -args -kills=200 $(ARGS)
