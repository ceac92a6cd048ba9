// Blocks of sequences: who shares what, what is copied, and that none is lost.
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "constformer/generate/block_table.hpp"

using namespace constformer;

namespace {

struct fixture {
  arena memory;
  block_table table;
  std::vector<std::pair<int, int>> copies;

  fixture(int capacity, int sequences)
      : memory(block_table::bytes(capacity, sequences)), table(memory, capacity, sequences) {}

  void append(int sequence, int count) {
    REQUIRE(table.reserve(sequence, count, [this](int from, int to) { copies.emplace_back(from, to); }));
    table.advance(sequence, count);
  }

  [[nodiscard]] std::vector<int> blocks(int sequence) const {
    int const* const first = table.blocks(sequence);
    return {first, first + block_table::blocks_for(table.position(sequence))};
  }
};

}  // namespace

TEST_CASE("a sequence alone has its blocks in order, also after it was rewound") {
  fixture f(70, 1);
  CHECK(f.table.free_blocks() == 5);
  f.append(0, 70);
  CHECK(f.blocks(0) == std::vector{0, 1, 2, 3, 4});
  f.table.rewind(0, 17);
  CHECK(f.table.free_blocks() == 3);
  f.append(0, 40);
  f.table.rewind(0, 0);
  f.append(0, 33);
  CHECK(f.blocks(0) == std::vector{0, 1, 2});
  CHECK(f.copies.empty());
}

TEST_CASE("children share whole blocks and copy the last one when they write") {
  fixture f(64, 3);
  f.append(0, 20);
  auto const parent = f.blocks(0);
  f.table.fork(std::vector{0, 0, 0});
  CHECK(f.table.free_blocks() == 10);
  CHECK(f.blocks(2) == parent);
  for (int s = 0; s < 3; ++s) f.append(s, 1);
  CHECK(f.copies.size() == 2);  // the last owner keeps the block
  for (auto const& [from, to] : f.copies) {
    CHECK(from == parent[1]);
    CHECK(to != from);
  }
  CHECK(f.table.free_blocks() == 8);
  std::set<int> last;
  for (int s = 0; s < 3; ++s) {
    CHECK(f.blocks(s)[0] == parent[0]);
    last.insert(f.blocks(s)[1]);
  }
  CHECK(last.size() == 3);

  f.table.fork(std::vector{2});
  CHECK(f.table.position(1) == 0);
  CHECK(f.table.free_blocks() == 10);
}

TEST_CASE("nothing is copied at the end of a block, nor for an only child") {
  fixture f(64, 2);
  f.append(0, 32);
  f.table.fork(std::vector{0, 0});
  f.append(0, 1);
  f.append(1, 1);
  f.table.fork(std::vector{1, 0});
  f.append(0, 1);
  f.append(1, 1);
  CHECK(f.copies.empty());
}

TEST_CASE("however sequences fork, fill and rewind, every block is free or has its owners") {
  constexpr int sequences = 5;
  constexpr int capacity = 50;
  fixture f(capacity, sequences);
  std::uint32_t seed = 9;
  auto const random = [&seed](int below) {
    seed = seed * 1664525 + 1013904223;
    return static_cast<int>((seed >> 8) % static_cast<std::uint32_t>(below));
  };
  for (int step = 0; step < 5000; ++step) {
    int const sequence = random(sequences);
    int const position = f.table.position(sequence);
    switch (random(3)) {
      case 0: f.append(sequence, random(capacity - position + 1)); break;
      case 1: f.table.rewind(sequence, random(position + 1)); break;
      default: {
        std::vector<int> parents;
        for (int i = random(sequences); i >= 0; --i) parents.push_back(random(sequences));
        f.table.fork(parents);
      }
    }
    std::set<int> held;
    for (int s = 0; s < sequences; ++s)
      for (int block : f.blocks(s)) held.insert(block);
    REQUIRE(f.table.free_blocks() + static_cast<int>(held.size()) == sequences * block_table::blocks_for(capacity));
  }
}
