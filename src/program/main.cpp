#include "run.hpp"

int main(int argc, char** argv) { return constformer::program::run(argc, argv); }
