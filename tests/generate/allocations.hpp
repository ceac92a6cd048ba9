#pragma once

/// Allocations of this program so far. A file of its own: where the compiler sees both sides it takes free after new
/// for a mistake.
long allocations_so_far();
