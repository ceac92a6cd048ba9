#pragma once

/// Every allocation of this process, on whatever way, counted: operator new, malloc and its kin.
namespace end_to_end {

/// Allocations so far, by all threads.
long allocations();

}  // namespace end_to_end
