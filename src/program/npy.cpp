#include "npy.hpp"

#include <cstddef>
#include <string>

namespace constformer::program {

namespace {

// "\x93NUMPY", version 1.0, length of the rest, a Python dict, blanks and a line end; the data begin at a multiple of
// 64.
std::string npy_header(std::span<std::int64_t const> shape) {
  std::string sizes;
  for (std::int64_t const size : shape) sizes += std::to_string(size) + ", ";
  if (shape.size() > 1) sizes.resize(sizes.size() - 2);
  if (shape.size() == 1) sizes.pop_back();
  std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + sizes + "), }";
  constexpr std::size_t prefix = 10;
  dict.append(63 - (prefix + dict.size()) % 64, ' ');
  dict += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xFF);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

}  // namespace

npy_writer::npy_writer(std::filesystem::path const& path, std::span<std::int64_t const> shape) : file_(path) {
  file_.write(npy_header(shape));
}

void npy_writer::write(std::span<float const> values) { file_.write(std::as_bytes(values)); }

void write_npy(std::filesystem::path const& path, std::span<float const> values, std::span<std::int64_t const> shape) {
  npy_writer file(path, shape);
  file.write(values);
  file.commit();
}

}  // namespace constformer::program
