// What a machine does at best: bytes read and multiply-adds a second, on threads that do nothing else.
//
//   machine THREADS L2_BYTES L3_BYTES MEMORY_BYTES MILLISECONDS
//
// The three sizes are what all threads together read, each its own part over and over: they should fit into the L2
// caches of the threads, into L3, and into neither. Prints one JSON object: GB/s of each and GFLOP/s (a multiply-add
// counts two), the best of three tries of MILLISECONDS.
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "hwy/highway.h"

namespace {

namespace hn = hwy::HWY_NAMESPACE;
using clock = std::chrono::steady_clock;

constexpr int tries = 3;

std::atomic<float> sink;  // results go here, so that they must be computed

// Reads whole turns of eight vectors; returns something of all of them.
float read(float const* data, std::size_t count) {
  hn::ScalableTag<float> const d;
  std::size_t const lanes = hn::Lanes(d);
  auto a = hn::Zero(d), b = a, c = a, e = a;
  for (std::size_t i = 0; i + 8 * lanes <= count; i += 8 * lanes) {
    float const* const at = data + i;
    a = hn::Or(a, hn::Or(hn::LoadU(d, at), hn::LoadU(d, at + lanes)));
    b = hn::Or(b, hn::Or(hn::LoadU(d, at + 2 * lanes), hn::LoadU(d, at + 3 * lanes)));
    c = hn::Or(c, hn::Or(hn::LoadU(d, at + 4 * lanes), hn::LoadU(d, at + 5 * lanes)));
    e = hn::Or(e, hn::Or(hn::LoadU(d, at + 6 * lanes), hn::LoadU(d, at + 7 * lanes)));
  }
  return hn::GetLane(hn::Or(hn::Or(a, b), hn::Or(c, e)));
}

// Twelve independent chains of multiply-adds: two a cycle, each five cycles long at most on the machines we know. They
// begin with different numbers, or a compiler makes one chain of them.
constexpr int chains = 12;
float multiply_add(int turns) {
  hn::ScalableTag<float> const d;
  auto const factor = hn::Set(d, 0.999F);
  auto const term = hn::Set(d, 0.5F);
  hn::Vec<decltype(d)> sums[chains];
  HWY_UNROLL(chains)
  for (int c = 0; c < chains; ++c) sums[c] = hn::Set(d, static_cast<float>(c));
  for (int i = 0; i < turns; ++i) {
    HWY_UNROLL(chains)
    for (int c = 0; c < chains; ++c) sums[c] = hn::MulAdd(sums[c], factor, term);
  }
  auto sum = sums[0];
  HWY_UNROLL(chains)
  for (int c = 1; c < chains; ++c) sum = hn::Add(sum, sums[c]);
  return hn::GetLane(sum);
}

// Sum over threads of what `turn(thread)` says it did, in units a second.
double rate(int threads, double seconds, std::function<double(int)> const& turn) {
  std::vector<double> rates(static_cast<std::size_t>(threads));
  std::barrier<> start(threads);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&, t] {
      turn(t);  // caches and clocks warm up
      start.arrive_and_wait();
      auto const begin = clock::now();
      double done = 0;
      double elapsed = 0;
      while (elapsed < seconds) {
        done += turn(t);
        elapsed = std::chrono::duration<double>(clock::now() - begin).count();
      }
      rates[static_cast<std::size_t>(t)] = done / elapsed;
    });
  for (auto& worker : workers) worker.join();
  double sum = 0;
  for (double const r : rates) sum += r;
  return sum;
}

double best_rate(int threads, double seconds, std::function<double(int)> const& turn) {
  double best = 0;
  for (int i = 0; i < tries; ++i) best = std::max(best, rate(threads, seconds, turn));
  return best;
}

struct release {
  void operator()(float* memory) const { std::free(memory); }
};
using float_memory = std::unique_ptr<float[], release>;

// That many ones, in huge pages where the system has them, as weights are (src/checkpoint/atomic_file.cpp).
float_memory ones(std::size_t count) {
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  std::size_t const bytes = (count * sizeof(float) + huge_page - 1) / huge_page * huge_page;
  float_memory memory(static_cast<float*>(std::aligned_alloc(huge_page, bytes)));
  if (!memory) {
    std::fprintf(stderr, "machine: no room for %zu bytes\n", bytes);
    std::exit(1);
  }
#ifdef MADV_HUGEPAGE
  static_cast<void>(::madvise(memory.get(), bytes, MADV_HUGEPAGE));
#endif
  std::fill_n(memory.get(), count, 1.0F);
  return memory;
}

double read_rate(int threads, double seconds, std::size_t bytes) {
  std::size_t const floats = bytes / sizeof(float) / static_cast<std::size_t>(threads);
  std::vector<float_memory> parts;
  for (int t = 0; t < threads; ++t) parts.push_back(ones(floats));
  int const repeat = static_cast<int>(std::max<std::size_t>(1, (std::size_t{1} << 22) / (floats * sizeof(float))));
  return best_rate(threads, seconds, [&](int t) {
    for (int i = 0; i < repeat; ++i) sink.store(read(parts[static_cast<std::size_t>(t)].get(), floats));
    return static_cast<double>(floats * sizeof(float)) * repeat;
  });
}

double fma_rate(int threads, double seconds) {
  constexpr int turns = 100'000;
  return best_rate(threads, seconds, [](int) {
    sink.store(multiply_add(turns));
    return 2.0 * turns * chains * static_cast<double>(hn::Lanes(hn::ScalableTag<float>()));
  });
}

// A positive number, or a sentence and the end.
long long argument(char const* text, char const* name) {
  char* end = nullptr;
  long long const value = std::strtoll(text, &end, 10);
  if (*end == '\0' && value > 0) return value;
  std::fprintf(stderr, "machine: %s '%s' is not a positive number\n", name, text);
  std::exit(2);
}

}  // namespace

int main(int count, char** words) {
  if (count != 6) {
    std::fprintf(stderr, "machine: give THREADS L2_BYTES L3_BYTES MEMORY_BYTES MILLISECONDS\n");
    return 2;
  }
  int const threads = static_cast<int>(argument(words[1], "THREADS"));
  double const seconds = static_cast<double>(argument(words[5], "MILLISECONDS")) / 1e3;
  char const* const names[] = {"L2_BYTES", "L3_BYTES", "MEMORY_BYTES"};
  double read_rates[3];
  for (int i = 0; i < 3; ++i)
    read_rates[i] = read_rate(threads, seconds, static_cast<std::size_t>(argument(words[2 + i], names[i]))) / 1e9;
  std::printf("{\"threads\": %d, \"target\": \"%s\", \"l2\": %.2f, \"l3\": %.2f, \"memory\": %.2f, \"gflops\": %.2f}\n",
              threads, hwy::TargetName(HWY_STATIC_TARGET), read_rates[0], read_rates[1], read_rates[2],
              fma_rate(threads, seconds) / 1e9);
  return 0;
}
