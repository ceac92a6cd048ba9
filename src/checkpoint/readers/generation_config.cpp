#include "generation_config.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"
#include "generation_keys.hpp"

namespace constformer {

namespace {

using nlohmann::json;

// One value by its type; a field that is absent or null leaves it empty.
class value_reader {
 public:
  value_reader(json_fields const& fields, int vocab) : fields_(fields), vocab_(vocab) {}

  template <class Value>
  void operator()(std::string_view name, Value& value, double least, double most) const {
    if (!fields_.has(name)) return;
    read(name, value);
    if constexpr (std::is_same_v<Value, std::optional<float>> || std::is_same_v<Value, std::optional<int>>)
      if (!(*value >= least && *value <= most))
        fields_.misfit(name, "it must be between " + json(least).dump() + " and " + json(most).dump());
  }

 private:
  void read(std::string_view name, std::optional<float>& value) const { value = fields_.real(name); }
  void read(std::string_view name, std::optional<bool>& value) const { value = fields_.flag(name, false); }

  void read(std::string_view name, std::optional<int>& value) const {
    json const& number = *fields_.find(name);
    constexpr auto most = static_cast<long long>(std::numeric_limits<int>::max());
    if (!number.is_number_integer()) fields_.misfit(name, "it must be a whole number");
    // Published files say 10^9 and more for "no limit".
    bool const huge = number.is_number_unsigned() && number.get<std::uint64_t>() > static_cast<std::uint64_t>(most);
    value = huge ? 1 << 24 : static_cast<int>(std::clamp(number.get<long long>(), -most, most));
    if (name.starts_with("max_")) value = std::min(*value, 1 << 24);
  }

  void read(std::string_view name, std::optional<std::string>& value) const {
    json const& word = *fields_.find(name);
    if (word == json("never"))
      value = "never";
    else
      value = fields_.flag(name, false) ? "true" : "false";
  }

  void read(std::string_view name, std::vector<int>& value) const {
    for (long long const id : fields_.ids(name))
      if (known(id) && std::ranges::find(value, static_cast<int>(id)) == value.end())
        value.push_back(static_cast<int>(id));
  }

  void read(std::string_view name, std::vector<std::vector<int>>& value) const {
    for (auto const& word : fields_.id_lists(name)) {
      if (word.empty()) fields_.misfit(name, "a word has at least one token");
      if (std::ranges::all_of(word, [this](long long id) { return known(id); }))
        value.emplace_back(word.begin(), word.end());
    }
  }

  [[nodiscard]] bool known(long long id) const { return id >= 0 && id < vocab_; }

  json_fields const& fields_;
  int vocab_;
};

}  // namespace

generation_defaults read_generation_defaults(json_fields const& fields, std::string from, int vocab) {
  refuse_other_generation(fields);
  generation_defaults out;
  for_each_value(out, value_reader(fields, vocab));
  if (out.forced_bos_token_id.size() > 1) fields.misfit("forced_bos_token_id", "it must be one id");
  if (out.do_sample.value_or(false) && out.num_beams.value_or(1) > 1)
    fields.misfit("num_beams", "sampling among beams is not supported, and do_sample is true");
  if (out != generation_defaults{}) out.from = std::move(from);
  return out;
}

}  // namespace constformer
