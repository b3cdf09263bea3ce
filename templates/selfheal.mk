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
#
# A Makefile may write all of this as make and the shell are to read it. What is given on make's command line or in the environment is
# text: where make or the shell would run some of it, nothing is run at all. The three commands are taken from Makefiles only.

# From here to "The end of the text" as `selfheal data make-targets` writes it, too. What is `override`, make's command line cannot change.
override define selfheal.line


endef
override selfheal.signs := $$ ` ; & | < > ( ) { } [ ] * ? ! ~ ' " \ \#
override selfheal.given = $(filter $1,$(firstword $(origin $2)))
override selfheal.holds = $(strip $(foreach selfheal.sign,$1,$(findstring $(selfheal.sign),$(value $2))))
override selfheal.refuse = $(error $1, given on make's command line or in the environment, must not hold $2)
override selfheal.without = $(if $(call selfheal.given,$1,$3),$(if $(call selfheal.holds,$2,$3),$(call selfheal.refuse,$3,$(call \
  selfheal.holds,$2,$3))))
# Words that neither make nor a shell reads anything in.
override selfheal.words = $(call selfheal.without,command environment,$(selfheal.signs),$1)$(if $(call \
  selfheal.given,command environment,$1),$(if $(findstring $(selfheal.line),$(value $1)),$(call selfheal.refuse,$1,a line break)))
# One such word, which may stand at the beginning of a recipe and in the name of a target.
override selfheal.word = $(call selfheal.words,$1)$(call selfheal.without,command environment,: = %,$1)$(if $(call \
  selfheal.given,command environment,$1),$(if $(word 2,$(value $1))$(filter -% +% @%,$(value $1)),$(call \
  selfheal.refuse,$1,more than one word or a + - @ before it)))
$(call selfheal.without,command environment,$$,.DEFAULT_GOAL)
$(call selfheal.word,SELFHEAL)$(call selfheal.words,SELFHEAL_FLAGS)$(call selfheal.words,SELFHEAL_STRICT)
# The end of the text.
$(call selfheal.word,SELFHEAL_PREFIX)
# Make reads what its command line gives when it hands it on to the environment of a recipe, whichever recipe that is.
$(call selfheal.without,command,$$,TARGET)$(call selfheal.without,command,$$,YES)
$(foreach selfheal.name,SELFHEAL_SETUP SELFHEAL_VALIDATE SELFHEAL_TEST,$(if $(call \
  selfheal.given,command environment,$(selfheal.name)),$(if $(value $(selfheal.name)),$(call selfheal.refuse,$(selfheal.name),a command))))

SELFHEAL ?= selfheal
SELFHEAL_FLAGS ?=
SELFHEAL_PREFIX ?=
SELFHEAL_STRICT ?=
SELFHEAL_SETUP ?=
SELFHEAL_VALIDATE ?=
SELFHEAL_TEST ?=

# Whoever includes this keeps the default goal that he has, or will have.
override selfheal.goal := $(.DEFAULT_GOAL)

# A + gives a command make's job server, which says how many may work at once; but make -n, -q and -t would run it, too.
override selfheal.letters = $(firstword -$(MAKEFLAGS))
override selfheal.plus = $(if $(findstring n,$(selfheal.letters))$(findstring q,$(selfheal.letters))$(findstring t,$(selfheal.letters)),,+)
override selfheal.passes = $(if $(filter-out 0,$(SELFHEAL_STRICT)),,|| exit $$(($$? == 2 ? 0 : $$?)))
override selfheal.status = @$(SELFHEAL) data status $(SELFHEAL_FLAGS) $(selfheal.passes)
override selfheal.heal = @$(selfheal.plus)$(SELFHEAL) data heal $(SELFHEAL_FLAGS)

override selfheal.chains := $(addprefix $(SELFHEAL_PREFIX),auto-heal-all dev-setup prod-check test-with-auto-setup)
.PHONY: $(addprefix $(SELFHEAL_PREFIX),check-readiness heal-data populate-missing heal-to-target heal-progressive \
  heal-emergency validate-healing) $(selfheal.chains) $(foreach step,setup schema heal check,$(selfheal.chains:=.$(step)))

$(SELFHEAL_PREFIX)check-readiness:
	$(selfheal.status)

$(SELFHEAL_PREFIX)heal-data:
	$(selfheal.heal) $(selfheal.passes)

$(SELFHEAL_PREFIX)populate-missing:
	$(selfheal.heal) status:missing status:empty status:short status:incomplete $(selfheal.passes)

# Whatever TARGET holds, it reaches the program as one argument, through the environment.
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
override selfheal.setup.auto-heal-all :=
override selfheal.setup.dev-setup = $(SELFHEAL_SETUP)
override selfheal.setup.prod-check :=
override selfheal.setup.test-with-auto-setup :=
override selfheal.schema.auto-heal-all :=
override selfheal.schema.dev-setup = @$(SELFHEAL) auto-heal --skip dataset $(SELFHEAL_FLAGS) $(selfheal.passes)
override selfheal.schema.prod-check = @$(SELFHEAL) validate-startup --skip dataset $(SELFHEAL_FLAGS) $(selfheal.passes)
override selfheal.schema.test-with-auto-setup = $(selfheal.schema.dev-setup)
override selfheal.last.auto-heal-all = $(SELFHEAL_VALIDATE)
override selfheal.last.dev-setup :=
override selfheal.last.prod-check = $(SELFHEAL_VALIDATE)
override selfheal.last.test-with-auto-setup = $(SELFHEAL_TEST)

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
