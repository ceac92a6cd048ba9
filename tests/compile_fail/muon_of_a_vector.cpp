// expect: optimizer: norm.weight is a vector of 16, group all moves matrices only
#include <tuple>

#include "constformer/core/members.hpp"
#include "constformer/kernels/adamw.hpp"
#include "constformer/kernels/muon.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/train/groups.hpp"

using namespace constformer;

struct head {
  using norm_type = rms_norm<16>;
  using linear_type = linear<40, 16>;
  BOOST_HANA_DEFINE_STRUCT(head, (norm_type, norm), (linear_type, out));
};

constexpr bool everything(parameter_entry const&) { return true; }
#ifdef CF_TWIN
using options = adamw_options;
#else
using options = muon_options<>;
#endif
constexpr std::tuple groups{parameter_group<options>{"all", everything, {}}};
template struct constformer::grouped<head, groups>;
