#include "progress_line.hpp"

#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdio>

namespace constformer::train {

progress_line::progress_line() : visible_(isatty(STDERR_FILENO) == 1) {}
progress_line::~progress_line() { clear(); }

void progress_line::show(run_pace const& pace) {
  auto const now = std::chrono::steady_clock::now();
  if (!visible_ || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  shown_ = true;
  std::fprintf(stderr, "\r\x1B[K%" PRId64 "/%" PRId64 "  loss %.4f", pace.step, pace.steps, pace.loss);
  if (pace.bits_per_byte > 0.0) std::fprintf(stderr, "  %.3f bits/byte", pace.bits_per_byte);
  std::fprintf(stderr, "  rate %.2e  %.0f tokens/s  %.0f %% of peak  %s left", pace.rate, pace.tokens_per_second,
               100.0 * pace.share_of_peak, time_text(pace.seconds_left).c_str());
}

void progress_line::clear() {
  if (shown_) std::fputs("\r\x1B[K", stderr);
  shown_ = false;
}

std::string time_text(double seconds) {
  auto const whole = static_cast<std::int64_t>(seconds + 0.5);
  std::array<char, 64> out{};
  if (whole < 60)
    std::snprintf(out.data(), out.size(), "%" PRId64 " s", whole);
  else if (whole < 3600)
    std::snprintf(out.data(), out.size(), "%" PRId64 " min %02" PRId64 " s", whole / 60, whole % 60);
  else
    std::snprintf(out.data(), out.size(), "%" PRId64 " h %02" PRId64 " min", whole / 3600, whole / 60 % 60);
  return out.data();
}

}  // namespace constformer::train
