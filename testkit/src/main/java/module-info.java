/** What tests of several modules share. */
module dev.mimic.testkit {
    requires jdk.management;
    requires transitive org.junit.jupiter.api;

    exports dev.mimic.testkit;
}
