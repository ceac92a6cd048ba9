#pragma once

namespace constformer::detail {

/// √x, also in constant evaluation: Newton's steps from above fall until they meet. 0 of what is not positive.
constexpr double square_root(double x) {
  if (!(x > 0)) return 0;
  double root = x > 1 ? x : 1;
  for (double next = (root + x / root) / 2; next < root; next = (root + x / root) / 2) root = next;
  return root;
}
/// √x, rounded once to float.
constexpr float root_of(int x) { return static_cast<float>(square_root(x)); }
/// 1/√x, rounded once to float; 1 of what is not positive.
constexpr float inverse_root(int x) { return x > 0 ? static_cast<float>(1 / square_root(x)) : 1.0F; }

}  // namespace constformer::detail
