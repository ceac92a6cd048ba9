#pragma once

#include <cstddef>

/// Bytes that this program has asked calloc for, as arenas do.
std::size_t zeroed_bytes_so_far();
