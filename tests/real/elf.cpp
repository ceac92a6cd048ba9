#include "elf.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

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

std::vector<Elf64_Shdr> sections(std::string const& file) {
  auto const header = at<Elf64_Ehdr>(file, 0);
  std::vector<Elf64_Shdr> out;
  for (std::size_t i = 0; i < header.e_shnum; ++i)
    out.push_back(at<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr)));
  return out;
}

// The name at `index` of a string section.
std::string name_at(std::string const& file, Elf64_Shdr const& names, std::size_t index) {
  return file.c_str() + names.sh_offset + index;
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
  std::int64_t bytes = 0;
  for (auto const& section : sections(file))
    if ((section.sh_flags & SHF_EXECINSTR) != 0) bytes += static_cast<std::int64_t>(section.sh_size);
  return bytes;
}

bool has_section(std::filesystem::path const& object, std::string const& name) {
  std::string const file = elf_file(object);
  auto const all = sections(file);
  auto const& names = all.at(at<Elf64_Ehdr>(file, 0).e_shstrndx);
  return std::ranges::any_of(all, [&](auto const& section) { return name_at(file, names, section.sh_name) == name; });
}

std::vector<std::string> global_names(std::filesystem::path const& object) {
  std::string const file = elf_file(object);
  auto const all = sections(file);
  std::vector<std::string> names;
  for (auto const& section : all) {
    if (section.sh_type != SHT_SYMTAB) continue;
    for (std::size_t i = 0; i < section.sh_size / sizeof(Elf64_Sym); ++i) {
      auto const symbol = at<Elf64_Sym>(file, section.sh_offset + i * sizeof(Elf64_Sym));
      if (ELF64_ST_BIND(symbol.st_info) == STB_LOCAL || symbol.st_shndx == SHN_UNDEF) continue;
      names.push_back(name_at(file, all.at(section.sh_link), symbol.st_name));
    }
  }
  return names;
}

}  // namespace end_to_end
