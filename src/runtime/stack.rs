//! How much stack the walks over what users build may take.
//!
//! Plans, expressions and types are trees, and most that is done with one recurses, here and in
//! libraries: it is resolved, optimised, run, compared, shown and dropped. Two things keep the
//! process alive whatever a user builds. Each tree has a greatest depth
//! ([`limits`](crate::plan::limits)), and whoever walks one has a stack on which that depth fits.

/// The stack of each thread of ours. It is address space: memory is used only as deep as a thread
/// has been.
pub const THREAD_STACK: usize = 128 << 20;

/// The stack that is left where a walk begins, at least.
const WALK: usize = THREAD_STACK / 2;

/// The stack that is left where a walk over a tree begins that is known not to be deep.
const SHALLOW_WALK: usize = 2 << 20;

/// The stack that is left at each step of a walk that looks at every step.
const STEP: usize = 1 << 20;

/// The stack that is left at each step of a walk that calls the interpreter.
const STEP_OF_INTERPRETER: usize = 128 << 10;

/// Begins a walk: runs `work` where there is stack for the deepest tree, or for one that is known
/// not to be deep; on this thread if it has that much. The interpreter's threads have stack for
/// shallow trees only, and to map another takes 5 to 50 microseconds.
pub fn walk<T>(deep: bool, work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(if deep { WALK } else { SHALLOW_WALK }, THREAD_STACK, work)
}

/// One step of a walk that recurses without a limit of its own.
pub fn step<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STEP, THREAD_STACK, work)
}

/// Whether one step more fits on this thread's stack: for walks that call the interpreter, which
/// must stay on its own stack.
pub fn has_room() -> bool {
    stacker::remaining_stack().is_none_or(|left| left > STEP_OF_INTERPRETER)
}

/// DataFusion's walks look at each step as [`step`] does. Between two steps they may call code that
/// recurses without looking.
pub(super) fn prepare() {
    recursive::set_minimum_stack_size(STEP);
    recursive::set_stack_allocation_size(THREAD_STACK);
}
