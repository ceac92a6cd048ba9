#include "npy_read.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace {

std::vector<long> shape_of(std::string const& header) {
  std::vector<long> shape;
  std::size_t at = header.find('(', header.find("'shape'")) + 1;
  while (header[at] != ')') {
    std::size_t used = 0;
    shape.push_back(std::stol(header.substr(at), &used));
    at = header.find_first_of("0123456789)", at + used);
  }
  return shape;
}

}  // namespace

npy_array read_npy(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  std::string const file((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  constexpr std::size_t prefix = 10;  // magic, version, two bytes of header length
  if (file.size() < prefix || file.compare(0, 6, "\x93NUMPY") != 0)
    throw std::runtime_error(path.string() + ": no .npy file");
  std::size_t const length = static_cast<unsigned char>(file[8]) + 256U * static_cast<unsigned char>(file[9]);
  std::string const header = file.substr(prefix, length);
  if (header.find("'<f4'") == std::string::npos || header.find("'fortran_order': False") == std::string::npos)
    throw std::runtime_error(path.string() + ": not float32 in C order: " + header);
  npy_array out{shape_of(header), {}};
  std::size_t count = 1;
  for (long extent : out.shape) count *= static_cast<std::size_t>(extent);
  if (file.size() != prefix + length + count * sizeof(float))
    throw std::runtime_error(path.string() + ": its size does not fit its shape");
  out.values.resize(count);
  std::memcpy(out.values.data(), file.data() + prefix + length, count * sizeof(float));
  return out;
}
