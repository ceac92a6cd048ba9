// expect: optimizer: out.weight is in two groups, blocks and others
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

constexpr bool taken(parameter_entry const& p) {
#ifdef CF_TWIN
  return is_vector(p);
#else
  return is_vector(p) || p.rows == 40;
#endif
}
constexpr std::tuple groups{parameter_group<muon_options<>>{"blocks", is_matrix, {}},
                            parameter_group<adamw_options>{"others", taken, {}}};
template struct constformer::grouped<head, groups>;
