#include "request_metrics.hpp"

#include <algorithm>
#include <charconv>

namespace constformer::serve {

namespace {

void put(std::string& out, double value) {
  char digits[40];
  out.append(digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits));
}

}  // namespace

void histogram::add(double value) {
  ++counts_[static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin())];
  sum_ += value;
}

void histogram::write(std::string& out, std::string_view name, std::string_view labels) const {
  auto const line = [&](std::string_view suffix, double bound, double value, bool bucket, bool last) {
    out += name;
    out += suffix;
    out += '{';
    out += labels;
    if (bucket) {
      if (!labels.empty()) out += ',';
      out += "le=\"";
      if (last)
        out += "+Inf";
      else
        put(out, bound);
      out += '"';
    }
    out += "} ";
    put(out, value);
    out += '\n';
  };
  out += "# TYPE ";
  out += name;
  out += " histogram\n";
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    sum += static_cast<double>(counts_[i]);
    bool const last = i == bounds_.size();
    line("_bucket", last ? 0 : bounds_[i], sum, true, last);
  }
  line("_sum", 0, sum_, false, false);
  line("_count", 0, sum, false, false);
}

}  // namespace constformer::serve
