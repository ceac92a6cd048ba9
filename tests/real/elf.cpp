#include "elf.hpp"

#include <elf.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "programs.hpp"

namespace end_to_end {

namespace {

template <class T>
T at(std::string const& file, std::size_t offset) {
  if (offset + sizeof(T) > file.size()) throw std::runtime_error("ELF file is too short");
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

std::string elf_file(std::filesystem::path const& path) {
  std::string file = read_text(path);
  if (file.compare(0, 4, ELFMAG, 4) != 0 || file.at(EI_CLASS) != ELFCLASS64)
    throw std::runtime_error(path.string() + ": no 64-bit ELF file");
  return file;
}

}  // namespace

bool is_static(std::filesystem::path const& executable) {
  std::string const file = elf_file(executable);
  auto const header = at<Elf64_Ehdr>(file, 0);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    auto const type = at<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr)).p_type;
    if (type == PT_INTERP || type == PT_DYNAMIC) return false;
  }
  return header.e_phnum > 0;
}

std::int64_t code_bytes(std::filesystem::path const& object) {
  std::string const file = elf_file(object);
  auto const header = at<Elf64_Ehdr>(file, 0);
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    auto const section = at<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr));
    if ((section.sh_flags & SHF_EXECINSTR) != 0) bytes += static_cast<std::int64_t>(section.sh_size);
  }
  return bytes;
}

}  // namespace end_to_end
