// SipHash against the vectors of its authors, and the store of blocks: hits are of equal texts alone, and the oldest
// leaf goes first.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "serve/block_store.hpp"
#include "serve/sip_hash.hpp"

using namespace constformer::serve;

namespace {

std::vector<int> ids_of(int kind) {
  std::vector<int> ids;
  for (int i = 0; i < block_tokens; ++i) ids.push_back(i * kind);
  return ids;
}

// A block of those ids behind another one, kept.
struct chain {
  block_store& store;
  hash128 before;
  int parent = -1;
  std::vector<int> table{};

  void add(int kind) {
    auto const ids = ids_of(kind);
    auto const key = store.key_of(before, ids);
    table.push_back(store.take());
    REQUIRE(store.find(key, before, parent, ids) < 0);
    store.keep(table.back(), key, before, parent, ids);
    before = key;
    parent = table.back();
  }
  void release() {
    for (auto it = table.rbegin(); it != table.rend(); ++it) store.release(*it);
  }
};

}  // namespace

TEST_CASE("SipHash-2-4 of 128 bits gives what its authors' vectors say") {
  // vectors_sip128 of github.com/veorq/SipHash: key 00 01 … 0f, inputs of no bytes, of 00 and so on.
  std::array<std::byte, 64> input{};
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::byte>(i);
  hash128 const key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  CHECK(sip_hash::of(key, std::span(input).first(0)) == hash128{0xe6a825ba047f81a3, 0x930255c71472f66d});
  CHECK(sip_hash::of(key, std::span(input).first(1)) == hash128{0x44af996bd8c187da, 0x45fc229b11597634});
  CHECK(sip_hash::of(key, std::span(input).first(15)) == hash128{0x11a8b03399e99354, 0xd9c3cf970fec087e});
  CHECK(sip_hash::of(key, std::span(input).first(16)) == hash128{0xbb54b067caa4e26e, 0x77052385bf1533fd});
  CHECK(sip_hash::of(key, std::span(input).first(63)) == hash128{0x4a83502f77d15051, 0x7cbd3f979a063e50});
}

TEST_CASE("a kept block is found by its ids and by what is before it, and by nothing else") {
  block_store store(4, {3, 4});
  chain c{store, store.root("")};
  c.add(1);
  c.add(2);
  auto const root = store.root("");
  auto const first = store.key_of(root, ids_of(1));
  auto const second = store.key_of(first, ids_of(2));
  CHECK(store.find(first, root, -1, ids_of(1)) == c.table[0]);
  CHECK(store.find(second, first, c.table[0], ids_of(2)) == c.table[1]);
  CHECK(store.find(first, root, -1, ids_of(3)) < 0);            // a hash alone is not enough
  CHECK(store.find(second, first, c.table[1], ids_of(2)) < 0);  // behind another block
  auto const other = store.root("other");
  CHECK(store.find(store.key_of(other, ids_of(1)), other, -1, ids_of(1)) < 0);
  CHECK(block_store(4, {3, 5}).key_of(root, ids_of(1)) != first);  // another secret
}

TEST_CASE("the least recently used leaf is given up first, and never what somebody has") {
  block_store store(4, {3, 4});
  chain a{store, store.root("a")};
  a.add(1);
  a.add(2);
  chain b{store, store.root("b")};
  b.add(1);
  a.release();
  b.release();
  CHECK(store.available() == 4);
  int const free = store.take();
  CHECK(store.kept() == 3);
  CHECK(store.take() == a.table[1]);  // the end of the older text
  store.share(a.table[0]);            // somebody reads that again
  CHECK(store.available() == 1);
  CHECK(store.take() == b.table[0]);
  CHECK(store.take() == -1);
  store.release(a.table[0]);
  CHECK(store.take() == a.table[0]);
  CHECK(free >= 0);
}
