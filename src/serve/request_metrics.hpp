#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace constformer::serve {

/// Counts of values below growing bounds, as Prometheus has them. For the I/O thread alone.
class histogram {
 public:
  explicit histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

  void add(double value);
  /// Appends the lines of the metric `name`.
  void write(std::string& out, std::string_view name, std::string_view labels) const;

 private:
  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

/// What is counted of requests; the engine counts what happens below them. For the I/O thread alone.
struct request_metrics {
  histogram first_token_seconds{
      {.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560}};
  histogram inter_token_seconds{{.0002, .0005, .001, .002, .005, .01, .025, .05, .075, .1, .15, .2,
                                 .3,    .4,    .5,   .75,  1,    2.5, 5,    7.5, 10,   20, 40,  80}};
  histogram request_seconds{{.001, .005, .01, .05, .1, .3, .5, .8,  1,   1.5, 2,   2.5,  5,
                             10,   15,   20,  30,  40, 50, 60, 120, 240, 480, 960, 1920, 7680}};
  histogram queue_seconds{{.001, .005, .01, .05, .1, .3, .5, .8,  1,   1.5, 2,   2.5,  5,
                           10,   15,   20,  30,  40, 50, 60, 120, 240, 480, 960, 1920, 7680}};
  histogram prompt_tokens{{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}};
  histogram generated_tokens{{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}};
  std::uint64_t ended_stop = 0, ended_length = 0, ended_abort = 0;  // choices
  std::uint64_t work = 0;                                           // requests for encoders and translators
  std::uint64_t connections = 0;                                    // now open
  std::array<std::uint64_t, 6> answers{};                           // by the first digit of their status
};

}  // namespace constformer::serve
