package io.ltri.benchmarks;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Figures know nobody; what draws them does not know how they were measured. */
@AnalyzeClasses(
    packages = "io.ltri.benchmarks",
    importOptions = ImportOption.DoNotIncludeTests.class)
class RoomsTest {

  @ArchTest
  static final ArchRule directions =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("command")
          .definedBy("io.ltri.benchmarks")
          .layer("figure")
          .definedBy("..benchmarks.figure..")
          .layer("profile")
          .definedBy("..benchmarks.profile..")
          .layer("system")
          .definedBy("..benchmarks.system..")
          .layer("plot")
          .definedBy("..benchmarks.plot..")
          .layer("kernel")
          .definedBy("..benchmarks.kernel..")
          .whereLayer("command")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("system")
          .mayOnlyBeAccessedByLayers("command")
          .whereLayer("plot")
          .mayOnlyBeAccessedByLayers("command")
          .whereLayer("profile")
          .mayOnlyBeAccessedByLayers("system")
          .whereLayer("kernel")
          .mayNotBeAccessedByAnyLayer();
}
