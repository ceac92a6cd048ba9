// Does not compile: adapter: bottleneck=128 is not below d_model=128
#include "adapted_block.hpp"

template struct adapted_block<128, 8, 2, 352, 128>;
