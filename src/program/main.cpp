#include <cstdlib>

#include "run.hpp"

#ifdef __GLIBCXX__
namespace __gnu_cxx {

void __verbose_terminate_handler();

// libstdc++'s own brings 45 kB of demangler along to name what nobody caught, and `run` catches everything.
void __verbose_terminate_handler() { std::abort(); }

}  // namespace __gnu_cxx
#endif

int main(int argc, char** argv) { return constformer::program::run(argc, argv); }
