/// What our Make rules begin with: what comes from make's command line or from the environment is text, and nothing of it is run.
///
/// `templates/selfheal.mk` has the same text. A test compares them.
enum MakeText {
    static let guarding = ##"""
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
        """##
}
