#include "block_store.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace constformer::serve {

block_store::block_store(int blocks, hash128 secret)
    : memory_(block_pool::bytes(blocks)),
      pool_(memory_, blocks),
      secret_(secret),
      nodes_(static_cast<std::size_t>(blocks)),
      buckets_(std::bit_ceil(2 * static_cast<std::size_t>(blocks)), -1) {}

int block_store::take() {
  if (pool_.free_blocks() == 0 && oldest_ >= 0) evict();
  return pool_.take();
}

void block_store::share(int block) {
  if (is_kept(block) && pool_.owners(block) == 1) {
    --unowned_;
    unlist(block);
  }
  pool_.share(block);
}

void block_store::release(int block) {
  int const left = pool_.release(block);
  if (!is_kept(block) || left != 1) return;
  ++unowned_;
  node(block).used = ++now_;
  if (node(block).children == 0) list_by_age(block);
}

hash128 block_store::root(std::string_view salt) const {
  return sip_hash::of(secret_, std::as_bytes(std::span(salt.data(), salt.size())));
}

hash128 block_store::key_of(hash128 before, std::span<int const> ids) const {
  std::array<std::byte, sizeof(hash128) + block_tokens * sizeof(int)> bytes;
  std::memcpy(bytes.data(), &before, sizeof before);
  std::memcpy(bytes.data() + sizeof before, ids.data(), block_tokens * sizeof(int));
  return sip_hash::of(secret_, bytes);
}

int block_store::find(hash128 key, hash128 before, int parent, std::span<int const> ids) const {
  for (int block = bucket(key); block >= 0; block = node(block).next_in_bucket) {
    entry const& e = node(block);
    if (e.key == key && e.before == before && e.parent == parent && std::ranges::equal(e.ids, ids)) return block;
  }
  return -1;
}

void block_store::keep(int block, hash128 key, hash128 before, int parent, std::span<int const> ids) {
  entry& e = node(block);
  e.kept = true;
  e.key = key;
  e.before = before;
  e.parent = parent;
  e.children = 0;
  std::ranges::copy(ids, e.ids.begin());
  e.next_in_bucket = bucket(key);
  bucket(key) = block;
  if (parent >= 0) ++node(parent).children;
  pool_.share(block);
  ++kept_;
}

void block_store::forget() {
  while (oldest_ >= 0) evict();
}

// Those before a leaf were used when it was or later: where they go is not far from the oldest.
void block_store::list_by_age(int block) {
  entry& e = node(block);
  int newer = -1;
  int older = newest_;
  if (older >= 0 && node(older).used > e.used) {
    for (newer = oldest_; node(newer).used < e.used;) newer = node(newer).newer;
    older = node(newer).older;
  }
  e.older = older;
  e.newer = newer;
  e.listed = true;
  (older < 0 ? oldest_ : node(older).newer) = block;
  (newer < 0 ? newest_ : node(newer).older) = block;
}

void block_store::unlist(int block) {
  entry& e = node(block);
  if (!e.listed) return;
  (e.older < 0 ? oldest_ : node(e.older).newer) = e.newer;
  (e.newer < 0 ? newest_ : node(e.newer).older) = e.older;
  e.listed = false;
}

void block_store::evict() {
  int const block = oldest_;
  entry& e = node(block);
  unlist(block);
  int* at = &bucket(e.key);
  while (*at != block) at = &node(*at).next_in_bucket;
  *at = e.next_in_bucket;
  e.kept = false;
  --kept_;
  --unowned_;
  if (e.parent >= 0 && --node(e.parent).children == 0 && pool_.owners(e.parent) == 1) list_by_age(e.parent);
  pool_.release(block);
}

std::string block_store::first_mistake(std::span<std::vector<int> const* const> tables) const {
  auto const at = [](int block, std::string const& what) { return "block " + std::to_string(block) + " " + what; };
  std::vector<int> owned(nodes_.size());
  for (auto const* table : tables)
    for (int const block : *table) ++owned[static_cast<std::size_t>(block)];
  std::vector<int> children(nodes_.size());
  int free = 0, unowned = 0, kept = 0, listed = 0;
  for (int block = 0; block < size(); ++block) {
    entry const& e = node(block);
    if (owned[static_cast<std::size_t>(block)] != owners(block)) return at(block, "is counted wrongly");
    free += pool_.owners(block) == 0 ? 1 : 0;
    kept += e.kept ? 1 : 0;
    unowned += e.kept && owners(block) == 0 ? 1 : 0;
    if (!e.kept) continue;
    if (e.key != key_of(e.before, e.ids)) return at(block, "has the key of other ids");
    if (find(e.key, e.before, e.parent, e.ids) != block) return at(block, "is not found");
    if (e.parent < 0) continue;
    ++children[static_cast<std::size_t>(e.parent)];
    if (!node(e.parent).kept || node(e.parent).key != e.before) return at(block, "has lost its parent");
    if (owners(block) > owners(e.parent)) return at(block, "has more owners than its parent");
  }
  for (int block = oldest_, before = -1; block >= 0; before = block, block = node(block).newer, ++listed)
    if (node(block).older != before || !node(block).listed || owners(block) != 0 || node(block).children != 0)
      return at(block, "is listed wrongly");
  for (int block = 0; block < size(); ++block) {
    if (!node(block).kept) continue;
    if (node(block).children != children[static_cast<std::size_t>(block)]) return at(block, "has other children");
    if (owners(block) == 0 && node(block).children == 0) --listed;
  }
  if (free != pool_.free_blocks() || kept != kept_ || unowned != unowned_ || listed != 0)
    return "free, kept or listed blocks are counted wrongly";
  return {};
}

}  // namespace constformer::serve
