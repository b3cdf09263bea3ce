#ifdef SELFHEAL_COVERAGE
// Where coverage is measured, programs of ours that are given no environment (those that stand between us and a plugin) would write
// default.profraw into the folder that a test looks at. LLVM's profile runtime takes this name instead of its own.
extern char __llvm_profile_filename[];
__attribute__((visibility("hidden"))) char __llvm_profile_filename[] = "/dev/null";
#endif
