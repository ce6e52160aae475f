<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>Plurals</name>
    <message numerus="yes">
        <source>%Ln row(s)</source>
        <translation>
            <numerusform>%Ln row</numerusform>
            <numerusform>%Ln rows</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln row(s) done</source>
        <translation>
            <numerusform>%Ln row done</numerusform>
            <numerusform>%Ln rows done</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>, %Ln rejected</source>
        <translation>
            <numerusform>, %Ln rejected</numerusform>
            <numerusform>, %Ln rejected</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Delete %Ln entry(ies) from the list?</source>
        <translation>
            <numerusform>Delete %Ln entry from the list?</numerusform>
            <numerusform>Delete %Ln entries from the list?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln of them was not sent yet and will not be.</source>
        <translation>
            <numerusform>%Ln of them was not sent yet and will not be.</numerusform>
            <numerusform>%Ln of them were not sent yet and will not be.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln row(s) that it created will be removed.</source>
        <translation>
            <numerusform>%Ln row that it created will be removed.</numerusform>
            <numerusform>%Ln rows that it created will be removed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln row(s) that it changed will be restored.</source>
        <translation>
            <numerusform>%Ln row that it changed will be restored.</numerusform>
            <numerusform>%Ln rows that it changed will be restored.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln row(s) changed since will be kept as they are, and listed.</source>
        <translation>
            <numerusform>%Ln row changed since will be kept as it is, and listed.</numerusform>
            <numerusform>%Ln rows changed since will be kept as they are, and listed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s)</source>
        <translation>
            <numerusform>%Ln file</numerusform>
            <numerusform>%Ln files</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln other file(s) found there cannot be used for this and is (are) left out.</source>
        <translation>
            <numerusform>%Ln other file found there cannot be used for this and is left out.</numerusform>
            <numerusform>%Ln other files found there cannot be used for this and are left out.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The columns chosen here hold for all %Ln file(s) with this header.</source>
        <translation>
            <numerusform>The columns chosen here hold for %Ln file with this header.</numerusform>
            <numerusform>The columns chosen here hold for all %Ln files with this header.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln other file(s) of the list was (were) imported before.</source>
        <translation>
            <numerusform>%Ln other file of the list was imported before.</numerusform>
            <numerusform>%Ln other files of the list were imported before.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Submit %Ln job(s)</source>
        <translation>
            <numerusform>Submit %Ln job</numerusform>
            <numerusform>Submit %Ln jobs</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln unread notification(s)</source>
        <translation>
            <numerusform>%Ln unread notification</numerusform>
            <numerusform>%Ln unread notifications</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln worker(s) online</source>
        <translation>
            <numerusform>%Ln worker online</numerusform>
            <numerusform>%Ln workers online</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Every %Ln day(s)</source>
        <translation>
            <numerusform>Every %Ln day</numerusform>
            <numerusform>Every %Ln days</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Every %Ln hour(s)</source>
        <translation>
            <numerusform>Every %Ln hour</numerusform>
            <numerusform>Every %Ln hours</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Every %Ln minute(s)</source>
        <translation>
            <numerusform>Every %Ln minute</numerusform>
            <numerusform>Every %Ln minutes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Every %Ln second(s)</source>
        <translation>
            <numerusform>Every %Ln second</numerusform>
            <numerusform>Every %Ln seconds</numerusform>
        </translation>
    </message>
</context>
</TS>
