#include "training_chat.hpp"

#include "chat_source.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/data/training_data.hpp"
#include "constformer/text/chat.hpp"

namespace constformer::command {

std::string find_training_template(train_options const& options, train_model const& model) {
  if (options.run.data.kind != data_kind::conversations) return {};
  std::string const& asked = options.chat_template;
  if (auto const* const known = find_built_in_chat_template(asked)) return std::string(known->jinja);
  if (!asked.empty()) return template_file(asked).all.front().jinja;
  if (!model.source) return {};
  auto const own = read_chat_templates(model.source->path);
  auto const* const chosen = choose_chat_template(own, false);
  return chosen == nullptr ? std::string() : chosen->jinja;
}

void put_template(train_options const& options, std::filesystem::path const& folder) {
  if (!options.chat_template.empty()) write_file(folder / "chat_template.jinja", options.run.data.chat_template);
}

}  // namespace constformer::command
