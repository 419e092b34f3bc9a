/** The command line. */
module dev.mimic.app {
    requires dev.mimic.adapt;
    requires dev.mimic.engine;
    requires dev.mimic.loader;
    requires dev.mimic.kernels;
    requires info.picocli;
    requires java.management;
    requires jdk.management;
    requires java.desktop;
    requires static java.compiler;
    requires org.jline.reader;
    requires org.jline.terminal;
    requires xchart; // an automatic module

    opens dev.mimic.app.command to
            info.picocli;
}
