#include "toy_packed.hpp"

int main(int, char** argv) { toy::write_packed(argv[1], {}); }
