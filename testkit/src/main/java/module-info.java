/** What tests of several modules share. */
module dev.mimic.testkit {
    requires transitive org.junit.jupiter.api;
    requires jdk.management;

    exports dev.mimic.testkit;
}
