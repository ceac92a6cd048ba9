// expect: lower: no phase computes this operation (lowered_operation.cpp:16)
#include "constformer/execute/lowered_program.hpp"
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, query), (wide_type, key), (wide_type, mixed), (wide_type, wide));
  constexpr value operator()(value x) const {
    value const y =
        query(attend(by_heads(query(x)), by_heads(key(x), axes::kv_heads), by_heads(mixed(x), axes::kv_heads)));
#ifdef CF_TWIN
    return wide(gelu(wide(y)));
#else
    return wide(softmax(wide(y)));
#endif
  }
};

template struct constformer::lowered_program<around<middle>, constformer::build_choice{.capacity = 32}>;
