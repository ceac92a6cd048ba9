// Teams: barriers between any number of workers, and how many of them run beside processes that keep the machine busy.
#include <atomic>
#include <cstddef>
#include <numeric>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/kernels/team.hpp"
#include "constformer/kernels/team_size.hpp"

using namespace constformer;

namespace {

// A machine on which workers beyond `free` are kept from running for a share of the time.
struct machine {
  team_size size;
  double run;       // seconds of work of one worker
  int free;         // processors
  double share;     // of the time that workers beyond those wait
  double overhead;  // seconds for each run that somebody is late in

  double work_for(double seconds) {
    double done = 0;
    for (double time = 0; time < seconds;) {
      int const count = size.next();
      double const alone = run / count;
      bool const crowded = count > free;
      double const took = crowded ? alone / (1 - share) + overhead : alone;
      size.ran(took, took - alone);
      time += took;
      done += run;
    }
    return done;
  }
};

}  // namespace

TEST_CASE("all workers run every body once, and meet") {
  for (int const threads : {1, 2, 3, 7}) {
    team workers(threads);
    REQUIRE(workers.size() == threads);
    std::vector<int> counts(static_cast<std::size_t>(threads));
    for (int i = 0; i < 200; ++i) {
      auto const body = [&](worker const& self) {
        ++counts[static_cast<std::size_t>(self.index)];
        self.sync();
        int const all = std::accumulate(counts.begin(), counts.begin() + self.count, 0);
        self.sync();
        if (all != self.count * counts[0]) counts[0] = -1'000'000;
      };
      workers.run(body);
    }
    for (int const count : counts) CHECK(count == 200);
  }
}

TEST_CASE("a team of more workers than processors goes on with fewer, and each item is done once") {
  team workers(16);
  std::vector<std::atomic<int>> done(1000);
  for (int i = 0; i < 300; ++i)
    workers.run_some([&](worker const& self) {
      work_range const mine = self.share(1000);
      for (int k = mine.begin; k < mine.end; ++k) ++done[static_cast<std::size_t>(k)];
      self.sync();
    });
  for (auto const& count : done) CHECK(count == 300);
}

TEST_CASE("on a free machine all workers stay, also when one is interrupted now and then") {
  machine m{team_size(4), 1e-3, 4, 0, 0};
  m.work_for(1);
  CHECK(m.size.next() == 4);
  for (int i = 0; i < 100; ++i) {
    m.size.ran(4e-3, 3.8e-3);  // an interruption of 4 ms every 40 ms
    m.work_for(0.04);
    CHECK(m.size.next() == 4);
  }
}

// As seen of MiniLM on a free machine: after a start and after a pause two workers shared a processor for 8 ms.
TEST_CASE("workers that take a while to get a processor each stay") {
  for (double const run : {1e-4, 1e-3, 8e-3}) {
    team_size size(2);
    for (double time = 0; time < 8e-3; time += run) size.ran(run, 1.6 * run);
    CHECK(size.next() == 2);
    for (int i = 0; i < 100; ++i) size.ran(4e-3, 3.8e-3);  // other processes come
    REQUIRE(size.next() == 1);
    for (double time = 0; size.next() == 1 && time < 10; time += run) size.ran(run, 0);  // and go
    for (double time = 0; time < 8e-3; time += run) size.ran(run, 1.6 * run);
    for (double time = 0; time < 0.1; time += run) size.ran(run, 0);
    CHECK(size.next() == 2);
  }
}

TEST_CASE("beside busy processes a team does nearly what the workers do that can run") {
  for (double const run : {1e-4, 1e-3, 5e-2}) {
    double const seconds = run < 1e-2 ? 10 : 60;
    double const expected = machine{team_size(1), run, 1, 0, 0}.work_for(seconds);
    for (double const share : {0.6, 0.9}) {
      CHECK(machine{team_size(2), run, 1, share, 0}.work_for(seconds) > 0.95 * expected);
      CHECK(machine{team_size(2), run, 1, share, 8e-3}.work_for(seconds) > 0.95 * expected);
    }
  }
}

TEST_CASE("a team grows again within a second of the machine being free") {
  machine m{team_size(2), 1e-3, 1, 0.95, 4e-3};
  m.work_for(5);
  m.free = 2;
  m.work_for(1);
  CHECK(m.size.next() == 2);
  double const free = m.work_for(1);
  CHECK(free > 1.9);
}
