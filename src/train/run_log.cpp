#include "run_log.hpp"

#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/core/error.hpp"

namespace constformer::train {

namespace {

using nlohmann::ordered_json;

std::string line_of(log_entry const& e) {
  ordered_json out{{"step", e.step}};
  if (e.evaluation) {
    out["train"] = e.loss;
    if (e.validation) out["validation"] = *e.validation;
    if (e.bits_per_byte) out["bits_per_byte"] = *e.bits_per_byte;
    if (e.accuracy) out["accuracy"] = *e.accuracy;
    out["rate"] = e.rate;
    if (!e.sample.empty()) out["sample"] = e.sample;
  } else {
    out["loss"] = e.loss;
    out["rate"] = e.rate;
    out["norm"] = e.norm;
    out["tokens_per_second"] = e.tokens_per_second;
  }
  out["seconds"] = e.seconds;
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

log_entry entry_of(ordered_json const& line) {
  log_entry e;
  line.at("step").get_to(e.step);
  e.evaluation = line.contains("train");
  e.loss = line.value(e.evaluation ? "train" : "loss", 0.0);
  if (line.contains("validation")) e.validation = line["validation"].get<double>();
  if (line.contains("bits_per_byte")) e.bits_per_byte = line["bits_per_byte"].get<double>();
  if (line.contains("accuracy")) e.accuracy = line["accuracy"].get<double>();
  e.rate = line.value("rate", 0.0);
  e.norm = line.value("norm", 0.0);
  e.tokens_per_second = line.value("tokens_per_second", 0.0);
  e.seconds = line.value("seconds", 0.0);
  e.sample = line.value("sample", std::string());
  return e;
}

// A line that was cut off when the run was killed is none.
std::vector<log_entry> read(std::filesystem::path const& file) {
  std::vector<log_entry> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    auto const parsed = ordered_json::parse(line, nullptr, false);
    if (parsed.is_object() && parsed.contains("step")) out.push_back(entry_of(parsed));
  }
  return out;
}

}  // namespace

run_log::run_log(std::filesystem::path const& folder, std::int64_t step, bool evaluated) : file_(folder / "log.jsonl") {
  if (step > 0 || evaluated) entries_ = read(file_);
  std::erase_if(entries_,
                [&](log_entry const& e) { return e.evaluation ? e.step > step - (evaluated ? 0 : 1) : e.step > step; });
  std::string text;
  for (log_entry const& e : entries_) text += line_of(e);
  write_file(file_, text);
}

void run_log::add(log_entry entry) {
  std::ofstream out(file_, std::ios::app | std::ios::binary);
  out << line_of(entry) << std::flush;
  if (!out) throw error(file_.string() + ": cannot be written: " + std::generic_category().message(errno));
  entries_.push_back(std::move(entry));
}

}  // namespace constformer::train
