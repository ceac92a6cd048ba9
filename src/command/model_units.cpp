#include "model_units.hpp"

#include "targets.hpp"

namespace constformer::command {

namespace {

// An object of one instruction set among others: all its names but one are its own.
object_plan target_object(toolchain const& tools, compile_options const& options, unit_target const& target) {
  std::string const stem = "model_" + std::string(target.name);
  object_plan plan{.source = stem + ".cpp", .text = {}, .object = stem + ".o", .lines = {}};
  std::string const grouped = stem + ".groups.o";
  auto flags = target.flags;
  flags.push_back("-fno-gnu-unique");  // such names cannot be hidden
  plan.lines = {compile_line(tools, options, flags, plan.source, grouped),
                ungroup_line(tools, options, grouped, plan.object),
                hide_line(tools, plan.object, unit_function(target))};
  return plan;
}

}  // namespace

std::vector<object_plan> model_objects(toolchain const& tools, compile_options const& options, config const& model,
                                       unit_parts const& unit) {
  if (options.target != "portable") {
    auto line = compile_line(tools, options, model_flags(options.target, model), "model.cpp", "model.o");
    if (options.target == compile_options{}.target) line = with_shortcuts(std::move(line), tools, options);
    return {{"model.cpp", model_unit_source(unit), "model.o", {std::move(line)}}};
  }
  auto const targets = portable_targets(model);
  std::vector<object_plan> plans;
  for (unit_target const& target : targets) {
    plans.push_back(target_object(tools, options, target));
    plans.back().text = target_unit_source(unit, unit_function(target));
  }
  plans.push_back({"choice.cpp",
                   choosing_unit_source(targets),
                   "choice.o",
                   {compile_line(tools, options, target_flags(options.target), "choice.cpp", "choice.o")}});
  return plans;
}

}  // namespace constformer::command
