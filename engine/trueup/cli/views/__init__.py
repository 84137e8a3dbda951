"""Views: values to text, one class per format behind one protocol. They decide nothing."""
