# Keeps an application's tables filled, from Make. In your Makefile:
#
#   SELFHEAL_VALIDATE = ./validate-all-pipelines     # your own commands; each of them may be left out
#   include path/to/selfheal.mk
#
# check-readiness        how many of the required tables are ready, and what each of the others lacks
# heal-data              fills what is missing, incomplete or stale
# populate-missing       the same, without what is only stale or invalid
# heal-to-target         TARGET=0.8: as little as makes 80 % ready
# heal-progressive       30, 50, 70, 90, 100 %, one after the other
# heal-emergency         makes every table again, from its sources; asks first, unless YES=1
# validate-healing       check-readiness, then SELFHEAL_VALIDATE
# auto-heal-all          heal-data, check-readiness, SELFHEAL_VALIDATE
# dev-setup              SELFHEAL_SETUP, auto-heal, heal-data, check-readiness
# prod-check             validate-startup, heal-data, check-readiness, SELFHEAL_VALIDATE
# test-with-auto-setup   auto-heal, heal-data, check-readiness, SELFHEAL_TEST
#
# A target fails when its command does. What is only a warning (optional tables, exit status 2) passes, unless SELFHEAL_STRICT=1.
#
# SELFHEAL          the program: selfheal
# SELFHEAL_FLAGS    for each of its commands: --manifest FILE, --root DIR
# SELFHEAL_PREFIX   stands before each target's name, where the project has targets of such names itself: data- gives data-dev-setup
# SELFHEAL_SETUP, SELFHEAL_VALIDATE, SELFHEAL_TEST   one command each; begin it with + when it is $(MAKE)

SELFHEAL ?= selfheal
SELFHEAL_FLAGS ?=
SELFHEAL_PREFIX ?=
SELFHEAL_STRICT ?=
SELFHEAL_SETUP ?=
SELFHEAL_VALIDATE ?=
SELFHEAL_TEST ?=

# Whoever includes this keeps the default goal that he has, or will have.
selfheal.goal := $(.DEFAULT_GOAL)

# A + gives a command make's job server, which says how many may work at once; but make -n, -q and -t would run it, too.
selfheal.letters = $(firstword -$(MAKEFLAGS))
selfheal.plus = $(if $(findstring n,$(selfheal.letters))$(findstring q,$(selfheal.letters))$(findstring t,$(selfheal.letters)),,+)
selfheal.passes = $(if $(filter-out 0,$(SELFHEAL_STRICT)),,|| exit $$(($$? == 2 ? 0 : $$?)))
selfheal.status = @$(SELFHEAL) data status $(SELFHEAL_FLAGS) $(selfheal.passes)
selfheal.heal = @$(selfheal.plus)$(SELFHEAL) data heal $(SELFHEAL_FLAGS)

selfheal.chains := $(addprefix $(SELFHEAL_PREFIX),auto-heal-all dev-setup prod-check test-with-auto-setup)
.PHONY: $(addprefix $(SELFHEAL_PREFIX),check-readiness heal-data populate-missing heal-to-target heal-progressive \
  heal-emergency validate-healing) $(selfheal.chains) $(foreach step,setup schema heal check,$(selfheal.chains:=.$(step)))

$(SELFHEAL_PREFIX)check-readiness:
	$(selfheal.status)

$(SELFHEAL_PREFIX)heal-data:
	$(selfheal.heal) $(selfheal.passes)

$(SELFHEAL_PREFIX)populate-missing:
	$(selfheal.heal) status:missing status:empty status:short status:incomplete $(selfheal.passes)

# Whatever TARGET holds, neither make nor the shell reads it: it reaches the program as one argument, through the environment.
$(SELFHEAL_PREFIX)heal-to-target: override export TARGET := $(value TARGET)
$(SELFHEAL_PREFIX)heal-to-target:
	$(selfheal.heal) --target="$${TARGET:?is not given, as in: make heal-to-target TARGET=0.8}" $(selfheal.passes)

$(SELFHEAL_PREFIX)heal-progressive:
	$(selfheal.heal) --progressive $(selfheal.passes)

$(SELFHEAL_PREFIX)heal-emergency:
	$(selfheal.heal) --force $(if $(filter 1 yes true,$(value YES)),--yes) $(selfheal.passes)

$(SELFHEAL_PREFIX)validate-healing: $(SELFHEAL_PREFIX)check-readiness
	$(SELFHEAL_VALIDATE)

# The steps of the longer ones are targets of their own, so that -j keeps their order: setup, schema, heal, check, and the last.
# What the tables hold is nothing that the schema's step looks at: it is not healed yet.
selfheal.setup.auto-heal-all :=
selfheal.setup.dev-setup = $(SELFHEAL_SETUP)
selfheal.setup.prod-check :=
selfheal.setup.test-with-auto-setup :=
selfheal.schema.auto-heal-all :=
selfheal.schema.dev-setup = @$(SELFHEAL) auto-heal --skip dataset $(SELFHEAL_FLAGS) $(selfheal.passes)
selfheal.schema.prod-check = @$(SELFHEAL) validate-startup --skip dataset $(SELFHEAL_FLAGS) $(selfheal.passes)
selfheal.schema.test-with-auto-setup = $(selfheal.schema.dev-setup)
selfheal.last.auto-heal-all = $(SELFHEAL_VALIDATE)
selfheal.last.dev-setup :=
selfheal.last.prod-check = $(SELFHEAL_VALIDATE)
selfheal.last.test-with-auto-setup = $(SELFHEAL_TEST)

$(selfheal.chains:=.setup): $(SELFHEAL_PREFIX)%.setup:
	$(selfheal.setup.$*)

$(selfheal.chains:=.schema): $(SELFHEAL_PREFIX)%.schema: $(SELFHEAL_PREFIX)%.setup
	$(selfheal.schema.$*)

$(selfheal.chains:=.heal): $(SELFHEAL_PREFIX)%.heal: $(SELFHEAL_PREFIX)%.schema
	$(selfheal.heal) $(selfheal.passes)

$(selfheal.chains:=.check): $(SELFHEAL_PREFIX)%.check: $(SELFHEAL_PREFIX)%.heal
	$(selfheal.status)

$(selfheal.chains): $(SELFHEAL_PREFIX)%: $(SELFHEAL_PREFIX)%.check
	$(selfheal.last.$*)

.DEFAULT_GOAL := $(selfheal.goal)
