#include "loss_chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

namespace constformer::train {

namespace {

struct point {
  double step;
  double loss;
};

constexpr double width = 760, height = 420, left = 64, right = 20, top = 40, bottom = 48;

// The smallest 1, 2 or 5 times a power of ten that makes at most `most` marks of `range`.
double mark_distance(double range, int most) {
  double const power = std::pow(10.0, std::floor(std::log10(range / most)));
  for (double const by : {1.0, 2.0, 5.0})
    if (range / (power * by) <= most) return power * by;
  return power * 10.0;
}

struct span_of_axis {
  double low;
  double high;
  double step;  // from mark to mark
};

span_of_axis axis_over(double low, double high, int most) {
  if (!(high > low)) high = low + 1.0;
  double const step = mark_distance(high - low, most);
  return {std::floor(low / step) * step, std::ceil(high / step) * step, step};
}

template <class... Values>
std::string formatted(char const* format, Values... values) {
  std::array<char, 256> out{};
  int const length = std::snprintf(out.data(), out.size(), format, values...);
  return {out.data(), static_cast<std::size_t>(std::clamp(length, 0, static_cast<int>(out.size()) - 1))};
}

std::string escaped(std::string_view text) {
  std::string out;
  for (char const c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

class chart {
 public:
  chart(span_of_axis x, span_of_axis y) : x_(x), y_(y) {}

  std::string axes() const {
    std::string out;
    for (double v = y_.low; v <= y_.high + y_.step / 2; v += y_.step)
      out += formatted(
          "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/><text class=\"y\" x=\"%.1f\" y=\"%.1f\">%.10g</text>\n", left,
          at_y(v), width - right, left - 8, at_y(v) + 4, std::abs(v) < y_.step / 2 ? 0.0 : v);
    for (double v = x_.low; v <= x_.high + x_.step / 2; v += x_.step)
      out += formatted(
          "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/><text class=\"x\" x=\"%.1f\" y=\"%.1f\">%.10g</text>\n", at_x(v),
          top, height - bottom, at_x(v), height - bottom + 18, v);
    out += formatted("<text class=\"x\" x=\"%.1f\" y=\"%.1f\">step</text>\n", (left + width - right) / 2, height - 8);
    out += formatted("<text class=\"x\" transform=\"translate(16 %.1f) rotate(-90)\">loss (nats per token)</text>\n",
                     (top + height - bottom) / 2);
    return out;
  }

  std::string line(std::vector<point> const& points, char const* kind) const {
    std::string out = formatted("<polyline class=\"%s\" points=\"", kind);
    for (point const& p : points) out += formatted("%.1f,%.1f ", at_x(p.step), at_y(std::min(p.loss, y_.high)));
    return out + "\"/>\n";
  }

  static std::string legend(int place, char const* kind, char const* name) {
    double const x = left + 12 + place * 150;
    return formatted("<path class=\"%s\" d=\"M%.1f %.1fh24\"/><text x=\"%.1f\" y=\"%.1f\">%s</text>\n", kind, x,
                     top - 10, x + 30, top - 6, name);
  }

 private:
  [[nodiscard]] double at_x(double v) const {
    return left + (v - x_.low) / (x_.high - x_.low) * (width - left - right);
  }
  [[nodiscard]] double at_y(double v) const {
    return height - bottom - (v - y_.low) / (y_.high - y_.low) * (height - top - bottom);
  }
  span_of_axis x_;
  span_of_axis y_;
};

constexpr char const* style =
    "<style>text{font:12px sans-serif;fill:#333}.x{text-anchor:middle}.y{text-anchor:end}.grid{stroke:#ddd}"
    "polyline{fill:none}.steps{stroke:#b8cbe4}.train{stroke:#2b6cb0;stroke-width:1.8}"
    ".validation{stroke:#c05621;stroke-width:1.8}</style>\n";

}  // namespace

std::string loss_chart(std::span<log_entry const> entries, std::string_view title) {
  std::vector<point> steps, train, validation;
  double low = std::numeric_limits<double>::max(), high = 0.0, last = 1.0;
  for (log_entry const& e : entries) {
    auto const step = static_cast<double>(e.step);
    for (double const loss : {e.loss, e.validation.value_or(e.loss)})
      if (std::isfinite(loss)) low = std::min(low, loss), high = std::max(high, loss);
    last = std::max(last, step);
    (e.evaluation ? train : steps).push_back({step, e.loss});
    if (e.validation) validation.push_back({step, *e.validation});
  }
  if (low > high) low = 0.0;
  chart const drawn(axis_over(0.0, last, 8), axis_over(low, high, 6));
  std::string out = formatted("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\">\n", width, height);
  out += style + ("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<title>" + escaped(title) + "</title>\n");
  out += drawn.axes();
  out += drawn.line(steps, "steps") + drawn.line(train, "train") + drawn.line(validation, "validation");
  out += chart::legend(0, "steps", "each batch") + chart::legend(1, "train", "training");
  if (!validation.empty()) out += chart::legend(2, "validation", "validation");
  return out + formatted("<text x=\"%g\" y=\"16\">", left) + escaped(title) + "</text>\n</svg>\n";
}

}  // namespace constformer::train
